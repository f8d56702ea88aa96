/**
 * A process of its own for the addon that AddressSanitizer watches (ADIT_NATIVE): short runs of the oracles through every
 * entry that the tests have into it. Prints SanitizedOracle as JSON. sanitizers.test.ts starts it.
 */
import { compareSizes, compareTwins } from './esp-oracle.ts';
import { compareOffloads } from './offload-oracle.ts';
import { RandomSource } from './random-source.ts';

export interface SanitizedOracle {
  readonly packets: number;
  readonly disagreements: readonly string[];
}

const seed = Number(process.argv[2]);
const twins = compareTwins({ seed, packets: 10_000 });
const sizes = compareSizes(seed);
const offloads = compareOffloads(new RandomSource(seed), 140);
const result: SanitizedOracle = {
  packets: twins.packets + sizes.packets + offloads.packetsOut + offloads.packetsIn,
  disagreements: [...twins.disagreements, ...sizes.disagreements, ...offloads.disagreements],
};
process.stdout.write(JSON.stringify(result));
