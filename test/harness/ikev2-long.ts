/**
 * Many days of rekeying in virtual time: two ends with the same lifetimes over a link that loses 5 % of the datagrams, doubles
 * 5 % and lets later ones overtake. Used by the schedules' test and, for its table, by the soak.
 */
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Lifecycle } from '#core/ikev2/lifecycle.ts';
import { median } from '../../bench/report.ts';
import { disagreements, standing } from './ikev2-rekey.ts';
import { PATIENT } from './ikev2-schedules.ts';

const DAY_MS = 86_400_000;

export interface SimulatedDays {
  readonly days: number;
  readonly ikeRekeys: number;
  readonly childRekeys: number;
  readonly datagrams: number;
  /** How long the simulation itself took. */
  readonly tookSec: number;
  /** Megabytes of heap in use after each twelfth of the days, collected before. */
  readonly heap: readonly number[];
  /** At the end, with those of closed IKE SAs that anything still holds. */
  readonly ikeSasInMemory: number;
  /** Sentences; none when every rekeying succeeded, nothing leaked and both ends have the same SAs. */
  readonly wrong: readonly string[];
}

/** Megabytes by which the heap of the last quarter is larger than that of the first, by their medians. */
export function heapGrowth({ heap }: Pick<SimulatedDays, 'heap'>): number {
  const quarter = Math.max(1, Math.floor(heap.length / 4));
  return median(heap.slice(-quarter)) - median(heap.slice(0, quarter));
}

export function simulatedDays(days: number, seed = 1): SimulatedDays {
  const both = {
    rekey: { margin: 0.1, jitter: 0.1, retryMs: 1_000, maxRetryMs: 60_000 },
    lifetimeSec: 14_400,
    retransmit: PATIENT,
    child: { lifetimeSec: 3_600 },
    // The pair would keep every key and draw every message: what grows here is to be the engine.
    keyLog: () => undefined,
  };
  const link = { loss: 0.05, duplicate: 0.05, jitterMs: 40 };
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const pair = standing({ seed, initiator: both, responder: both, link });
  let datagrams = 0;
  pair.world.onSend = () => datagrams++;
  const began = performance.now();
  const wrong: string[] = [];
  const heap: number[] = [];
  let [ikeRekeys, childRekeys] = [0, 0];
  const forget = (): void => {
    const { all } = pair.events.initiator;
    for (const event of all) {
      if (event.type === 'ike-rekeyed') ikeRekeys++;
      if (event.type === 'child-installed') childRekeys++;
      if (event.type === 'refused') wrong.push(`refused: ${JSON.stringify(event)}`);
      if (event.type === 'closed') wrong.push('the connection closed');
      if (event.type === 'child-removed' && event.reason === 'expired') wrong.push('a Child SA expired');
    }
    pair.world.sent.length = 0;
  };
  // What the harness remembers is not what the engine does: only what stands is kept of the events.
  const trim = (): void => {
    for (const end of ['initiator', 'responder'] as const) {
      const { all } = pair.events[end];
      const standing_ = new Set(pair[end].life.sa.children.keys());
      const kept = all.filter(
        (event) => event.type === 'child-installed' && standing_.has(event.child.spiIn),
      );
      all.splice(0, all.length, ...kept);
    }
  };
  const measureEvery = Math.max(1, Math.floor(days / 12));
  // The first Child SA is no rekeying.
  childRekeys--;
  for (let day = 0, known = 0; day < days; day++) {
    pair.run(DAY_MS);
    forget();
    // Those that are kept have been counted.
    childRekeys -= known;
    trim();
    known = pair.events.initiator.of('child-installed').length;
    if ((day + 1) % measureEvery > 0) continue;
    collect();
    heap.push(process.memoryUsage().heapUsed / 1e6);
  }
  const tookSec = (performance.now() - began) / 1000;
  // Whatever was under way at midnight.
  pair.run(400_000);
  wrong.push(...disagreements(pair));
  for (const end of ['initiator', 'responder'] as const) {
    const { all, living } = pair[end].succession;
    if (living.length > 2) wrong.push(`the ${end} has ${living.length} living IKE SAs`);
    if (all.length > 5) wrong.push(`the ${end} remembers ${all.length} IKE SAs`);
    if (pair[end].life.sa.children.size > 2) {
      wrong.push(`the ${end} has ${pair[end].life.sa.children.size} Child SAs`);
    }
  }
  // Collects garbage first.
  const ikeSasInMemory = queryObjects(Lifecycle, { format: 'count' });
  return { days, ikeSasInMemory, ikeRekeys, childRekeys, datagrams, tookSec, heap, wrong };
}
