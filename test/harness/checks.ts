/** What every connection of the interop tests must stand: data, counters on both sides, nothing left behind. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { LAB } from './lab.ts';
import { until } from './process.ts';
import { PSK, type Scene } from './scene.ts';
import type { Snapshot } from './snapshot.ts';
import { moveFiles } from './traffic.ts';

/**
 * The whole life of a connection: import, up, a small exchange that both ends must count alike, a file both ways
 * to each inner address, down, and nothing stays behind on either end. `connected` may look while it is up.
 */
export async function runThrough(
  scene: Scene,
  name: string,
  options: {
    readonly profile?: ProfileInput;
    readonly inner?: readonly string[];
    readonly bytes?: number;
    readonly connected?: (tunnel: TunnelStatus) => Promise<void> | void;
  } = {},
): Promise<void> {
  const { adit, gateway } = scene;
  const id = await adit.import(options.profile ?? scene.profile(name), PSK);
  const before = await scene.snapshot();
  const tunnel = await adit.up(id);
  await expectTraffic(scene, id, name, options);
  await options.connected?.(tunnel);
  await adit.down(id);
  await expectNothingLeft(scene, before);
  expect(await gateway.sas(name)).toEqual([]);
}

/** Files through a tunnel that is up, and counters that tell the same story at both ends. */
export async function expectTraffic(
  scene: Scene,
  id: string,
  connection: string,
  options: { readonly inner?: readonly string[]; readonly bytes?: number } = {},
): Promise<void> {
  const { server, user } = scene;
  const inner = options.inner ?? [LAB.inner.ip4];
  const bytes = options.bytes ?? 300_000;
  const lost = await lostBefore(scene, id, connection);
  for (const address of inner) await moveFiles(server, user, address, 1_000);
  const start = await expectEqualCounters(scene, id, connection, lost);
  for (const address of inner) {
    expect(await moveFiles(server, user, address, bytes)).toEqual({ down: 'equal', up: 'equal' });
  }
  // charon drops packets under load: what arrives may be less than what was sent, but not less than the file.
  const { here, there } = await scene.counters(id, connection);
  const least = bytes * inner.length;
  expect(here.bytesIn - start.here.bytesIn).toBeGreaterThan(least);
  expect(there.bytesIn - start.there.bytesIn).toBeGreaterThan(least);
  expect(here.packetsIn).toBeLessThanOrEqual(there.packetsOut);
  expect([here.replayDrops, here.authFailures, here.selectorDrops]).toEqual([0, 0, 0]);
}

/** Packets and octets that one end of a Child SA sent and the other never had. */
interface Lost {
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const NOTHING_LOST: Lost = { packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0 };
/** Less than this in flight fits charon's UDP receive buffer (212 kB, small packets count double there). */
const ALWAYS_ARRIVES = 64 * 1024;

/** What an earlier file lost in charon's receive buffer; nothing where none was moved yet. Waits for what is on its way. */
async function lostBefore(scene: Scene, id: string, connection: string): Promise<Lost> {
  let last = await scene.counters(id, connection);
  if (last.here.bytesIn < ALWAYS_ARRIVES && last.here.bytesOut < ALWAYS_ARRIVES) return NOTHING_LOST;
  return await until('no packet is on its way', async () => {
    const now = await scene.counters(id, connection);
    const still = isDeepStrictEqual(lostOf(now), lostOf(last)) && now.here.packetsIn === last.here.packetsIn;
    last = now;
    return still && lostOf(now);
  });
}

function lostOf({ here, there }: Awaited<ReturnType<Scene['counters']>>): Lost {
  return {
    packetsIn: there.packetsOut - here.packetsIn,
    packetsOut: here.packetsOut - there.packetsIn,
    bytesIn: there.bytesOut - here.bytesIn,
    bytesOut: here.bytesOut - there.bytesIn,
  };
}

/**
 * Waits until packets and octets are counted alike at both ends but for what was `lost` before; a last acknowledgement may
 * still be on its way.
 */
async function expectEqualCounters(scene: Scene, id: string, connection: string, lost: Lost) {
  let last = '';
  return await until(
    'both ends count the same',
    async () => {
      const counters = await scene.counters(id, connection);
      last = JSON.stringify({ ...counters, lost });
      return isDeepStrictEqual(lostOf(counters), lost) && counters.here.packetsIn > 0 && counters;
    },
    { timeoutMs: 3_000, context: () => last },
  );
}

/** Nothing of a tunnel is left on the client, and the journal of changes is empty. */
export async function expectNothingLeft(scene: Scene, before: Snapshot): Promise<void> {
  expect(await scene.snapshot()).toEqual(before);
  expect(await scene.adit.journal()).not.toMatch(/"effect"/);
}
