/**
 * The soak (npm run soak), short: every switch and every fault once while TCP and UDP go through the tunnel to strongSwan 5.9.8,
 * whose lifetimes are seconds. Nothing is lost outside of faults, and nothing grows.
 */
import { expect, it } from 'vitest';
import { ACTIONS } from './actions.ts';
import { soakTable, wrongs } from './report.ts';
import { soak } from './soak.ts';

/** A machine that runs other tests meanwhile comes back later than the two seconds; npm run soak holds it to them. */
const SLACK = 3;

it('every switch and fault once: no connection, no packet at a switch, no replay, no growth', {
  timeout: 300_000,
}, async () => {
  const lines: string[] = [];
  const result = await soak({
    minutes: 0,
    short: true,
    seed: Number(process.env['ADIT_SOAK_SEED'] ?? 1),
    simulatedDays: 10,
    say: (line) => lines.push(line),
  });
  console.info(soakTable(result));
  console.info(lines.join('\n'));
  expect(wrongs(result, SLACK)).toEqual([]);
  const short = Object.entries(ACTIONS).filter(([, { lasts }]) => lasts?.[1] !== 0);
  expect(result.happenings.map(({ what }) => what).toSorted()).toEqual(
    short.map(([what]) => what).toSorted(),
  );
  // The zeros are zeros of something.
  expect(result.streams.connections).toBe(4);
  expect(result.streams.back).toBeGreaterThan(2000);
  expect(result.childSas).toBeGreaterThan(6);
  expect(result.rekeyings.moves).toBeGreaterThan(0);
});
