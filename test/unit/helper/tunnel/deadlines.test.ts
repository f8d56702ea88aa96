/** When another login has to take the place of one: where no new keys come, or the gateway says so. */
import { expect, it } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { Log } from '#helper/log/log.ts';
import { Deadlines } from '#helper/tunnel/deadlines.ts';

function watched() {
  const clock = new FakeClock();
  const log = new Log(clock, []).logger('tunnel');
  const due: (number | undefined)[] = [];
  const deadlines = new Deadlines({
    clock,
    log,
    onReauthenticate: () => due.push(deadlines.reauthenticateDue),
  });
  return { clock, deadlines, due };
}

it('without new keys: halfway between the soft and the hard end', async () => {
  const { clock, deadlines, due } = watched();
  deadlines.keyed(80_000, 100_000);
  expect(deadlines).toMatchObject({
    rekeyAt: '2026-01-01T00:01:20.000Z',
    expiresAt: '2026-01-01T00:01:40.000Z',
    reauthenticateAt: undefined,
  });
  await clock.advance(89_999);
  expect(due).toEqual([]);
  await clock.advance(1);
  expect(due).toEqual([90_000]);
  expect(deadlines.reauthenticateAt).toBe('2026-01-01T00:01:30.000Z');
});

it('with new keys: counted from those', async () => {
  const { clock, deadlines, due } = watched();
  deadlines.keyed(80_000, 100_000);
  await clock.advance(80_000);
  deadlines.keyed(160_000, 180_000);
  await clock.advance(89_999);
  expect(due).toEqual([]);
  await clock.advance(1);
  expect(due).toEqual([170_000]);
});

it('with new keys that never end: not at all', async () => {
  const { clock, deadlines, due } = watched();
  deadlines.keyed(80_000, 100_000);
  deadlines.keyed(undefined, undefined);
  await clock.advance(200_000);
  expect([due, deadlines.rekeyAt, deadlines.expiresAt]).toEqual([[], undefined, undefined]);
});

it('after its end: no keys are missed, of whatever SA', async () => {
  const { clock, deadlines, due } = watched();
  deadlines.keyed(80_000, 100_000);
  deadlines.stop();
  deadlines.keyed(90_000, 110_000);
  expect(clock.pending).toBe(0);
  expect(due).toEqual([]);
});
