/** core/esp is the oracle of the native code; test/system/oracle.test.ts does the same with a million packets. */
import { expect, it } from 'vitest';
import { compareSizes, compareTwins, SUITES } from '#test/harness/esp-oracle.ts';

it('native and TypeScript ESP agree on random packets of every suite', { timeout: 60_000 }, () => {
  const packets = 20_000;
  const { disagreements, outcomes, packets: done } = compareTwins({ seed: 20_260_101, packets });
  expect(disagreements).toEqual([]);
  expect(done).toBe(packets);
  expect(SUITES.length).toBe(2 * (19 + 8 * 6));
  // Every outcome there is was met, and met often: the comparison compares something.
  const reasons = ['ok', 'replay', 'auth', 'selector', 'malformed', 'dummy', 'expired'];
  for (const reason of reasons) expect(outcomes[`inbound ${reason}`] ?? 0).toBeGreaterThan(100);
  for (const reason of ['ok', 'selector', 'malformed', 'expired']) {
    expect(outcomes[`outbound ${reason}`] ?? 0).toBeGreaterThan(100);
  }
  expect(outcomes['inbound ok']).toBeGreaterThan(packets / 4);
});

it('they agree on every size of padding and on the longest packet, under every suite', {
  timeout: 60_000,
}, () => {
  const { packets, disagreements } = compareSizes(20_260_103);
  expect(disagreements).toEqual([]);
  expect(packets).toBe(SUITES.length * 39);
});
