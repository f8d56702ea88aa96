/** What the log says of paths that swallow large packets. */
import { expect, it } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { Log } from '#helper/log/log.ts';
import { BlackHoles } from '#helper/tunnel/black-holes.ts';

it('a black hole is told once, again where it is deeper, and when it is over', () => {
  const log = new Log(new FakeClock(), []);
  const holes = new BlackHoles(log.logger('tunnel'));
  const path = (mtu: number, blackHole: boolean) => ({
    socket: 0,
    remote: { address: '203.0.113.1', port: 4500 },
    mtu,
    blackHole,
  });
  const told = () => log.recent().map(({ level, message }) => `${level} ${message}`);
  holes.note([path(1400, false)]);
  expect(told()).toEqual([]);
  for (let second = 0; second < 3; second++) holes.note([path(1280, true)]);
  const first =
    'info large packets vanish on the way to 203.0.113.1, and no router says so: 1280 octets are the most for ten minutes';
  expect(told()).toEqual([first]);
  holes.note([path(576, true)]);
  expect(told()).toEqual([first, first.replace('1280', '576')]);
  for (let second = 0; second < 2; second++) holes.note([path(1500, false)]);
  expect(told().slice(2)).toEqual(['debug the way to 203.0.113.1 is given its full size again']);
  holes.note([]);
  expect(told()).toHaveLength(3);
});
