/**
 * kill -9 of the process that changes a real Linux, at many moments while it connects. The adapter goes with the
 * process, as a TUN does; the next start undoes the rest from the journal, to the last byte and switch.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { EffectsOnHost } from '#test/harness/effects-client.ts';
import { snapshot } from '#test/harness/snapshot.ts';
import { World } from '#test/harness/world.ts';
import * as tunnel from '#test/fakes/tunnel-settings.ts';

/** When the process is killed, in parts of the time that connecting takes on this machine. The first is not. */
const MOMENTS = [Infinity, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 2];

it('leaves nothing after the next start', { timeout: 60_000 }, async () => {
  await using world = await World.create();
  const [client, lan] = await Promise.all([world.host('client'), world.host('lan')]);
  await world.link(
    { host: client, device: 'eth0', addresses: ['192.168.7.2/24', 'fd07::2/64'] },
    { host: lan, device: 'eth0', addresses: ['192.168.7.1/24'] },
  );
  await client.ip('route add default via 192.168.7.1');
  await client.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter']);
  const before = await snapshot(client);
  const stateDir = join(world.directory, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  const addon = fileURLToPath(new URL('../../build/native/adit.node', import.meta.url));
  const reached = new Set<number>();
  let connectMs = 0;

  for (const moment of MOMENTS) {
    await client.ip('tuntap add adit0 mode tun');
    const first = new EffectsOnHost(client, stateDir);
    await first.ask({ do: 'detect' });
    const started = performance.now();
    const done = first.ask({ do: 'connect', ...tunnel });
    const pause = moment === Infinity ? new Promise<never>(() => undefined) : sleep(moment * connectMs, []);
    expect(await Promise.race([pause, done])).toEqual([]);
    if (moment === Infinity) connectMs = performance.now() - started;
    done.catch(() => undefined);
    await first.daemon.stop('SIGKILL');
    await client.ip('tuntap del adit0 mode tun');

    const second = new EffectsOnHost(client, stateDir);
    const leftovers = (await second.ask({ do: 'doctor', addon, running: [] })).find(
      ({ check }) => check === 'leftovers',
    );
    reached.add(leftovers?.ok === true ? 0 : (leftovers?.found.split(',').length ?? 0));
    const { left, said } = await second.ask({ do: 'undoAll' });
    expect({ moment, left, said }).toEqual({ moment, left: 0, said: [] });
    expect({ moment, ...(await snapshot(client)) }).toEqual({ moment, ...before });
    const checks = await second.ask({ do: 'doctor', addon, running: [] });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    await second.daemon.stop();
    expect((await readdir(stateDir)).filter((name) => name !== 'journal.json')).toEqual([]);
  }
  // From nothing to everything, with stations between: otherwise the moments are badly chosen.
  expect(reached.size).toBeGreaterThan(2);
});
