/** Who writes to the TUN, by its own code (test/native/tun_writer.cc). docs/performance.md, "Writing to the TUN". */
import { beforeAll, expect, it } from 'vitest';
import { buildWith, runNative } from '#test/harness/sanitizers.ts';

const SANITIZERS = ['address', 'thread'] as const;
const SEED = Date.now() % 1_000_000_007;

beforeAll(async () => {
  for (const sanitizer of SANITIZERS) await buildWith(sanitizer);
}, 600_000);

it.each(SANITIZERS)('a thread of its own writes what comes fast, in order (%s)', async (sanitizer) => {
  const { code, stdout, stderr } = await runNative(sanitizer, 'tun_writer', [SEED]);
  expect({ code, stderr, seed: SEED }).toEqual({ code: 0, stderr: '', seed: SEED });
  expect(JSON.parse(stdout)).toEqual({
    fewWait: true,
    fewByThemselves: true,
    smallAtOnce: true,
    datagramsAtOnce: true,
    streamsOfIpv6ByOther: true,
    muchByOther: true,
    aloneAfterQuiet: true,
    muchAgain: true,
    slowLosesNothing: true,
    mixed: true,
    mixedByBoth: true,
    unhelped: true,
    endsWhileFull: true,
  });
});
