/**
 * Lockdown with a real gateway: while programs talk to everybody, what leaves the client is captured in every state that a
 * tunnel and its helper can be in.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatewayAddress, LAB } from '#test/harness/lab.ts';
import { Leaks } from '#test/harness/leaks.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import { moveFiles } from '#test/harness/traffic.ts';

const GATEWAY = gatewayAddress(0);
const ROUTER = { ip4: '10.1.0.1', ip6: 'fd01::1' } as const;
const STRANGER = { ip4: '192.0.2.254', ip6: '2001:db8:2::fe' } as const;

const ENDS = [
  { protocol: 'udp', address: GATEWAY, port: 4500 },
  { protocol: 'udp', address: GATEWAY, port: 500 },
  { protocol: 'tcp', address: GATEWAY, port: 443 },
  { protocol: 'udp', address: STRANGER.ip4, port: 53 },
  { protocol: 'udp', address: STRANGER.ip6, port: 53 },
  { protocol: 'tcp', address: STRANGER.ip4, port: 443 },
  { protocol: 'tcp', address: STRANGER.ip6, port: 443 },
  { protocol: 'udp', address: ROUTER.ip4, port: 67 },
  { protocol: 'udp', address: ROUTER.ip6, port: 547 },
  { protocol: 'udp', address: '224.0.0.251', port: 5353 },
  { protocol: 'udp', address: LAB.inner.ip4, port: 9 },
  { protocol: 'tcp', address: LAB.inner.ip4, port: 9 },
] as const;
const told = (ends: readonly (typeof ENDS)[number][]): string[] =>
  ends.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`).toSorted();
/** What there is of it where nothing is held back. */
const EVERYTHING = told(ENDS);

let scene: Scene;
let leaks: Leaks;
let id: string;

beforeAll(async () => {
  scene = await Scene.create({
    ways: [{ name: 'plain', ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' }],
  });
  const { world, client, router } = scene.lab;
  id = await scene.adit.import(
    scene.profile('plain', { ike: { proposals: ['aes256gcm16-prfsha384-ecp384'], livenessSec: 1 } }),
    PSK,
  );
  const wire = { world, client, router, device: 'lan', gateways: [GATEWAY] };
  leaks = await Leaks.on(wire, ENDS);
});
afterAll(async () => {
  await leaks?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

const lockdown = (...words: string[]): Promise<string> => scene.adit.run(['lockdown', ...words]);
const leaked = async (act?: () => Promise<unknown>): Promise<string[]> => (await leaks.during(act)).leaks;
/** The programs talk inside of the tunnel, too, so its counters are not compared. */
const carries = async (): Promise<void> => {
  const moved = await moveFiles(scene.server, scene.user, LAB.inner.ip4, 300_000);
  expect(moved).toEqual({ down: 'equal', up: 'equal' });
};
const state = async (): Promise<string | undefined> => (await scene.adit.tunnel(id))?.state;

describe('nothing leaves but what is the tunnel’s', () => {
  it('though everything does without lockdown', async () => {
    expect((await leaks.during()).leaks).toEqual(expect.arrayContaining(EVERYTHING));
    await scene.adit.up(id);
    const beside = told(ENDS.filter(({ address }) => address !== LAB.inner.ip4));
    const seen = await leaks.during();
    expect(seen.leaks).toEqual(expect.arrayContaining(beside));
    expect(seen.leaks.filter((leak) => leak.includes(LAB.inner.ip4))).toEqual([]);
    await scene.adit.down(id);
  });

  it('from the moment it is switched on', async () => {
    await lockdown('on');
    const { leaks: found, tunnelled } = await leaks.during();
    expect([found, tunnelled]).toEqual([[], 0]);
    expect(await scene.adit.status()).toMatchObject({
      lockdown: { on: true, lan: false, byAdmin: true, fault: null },
    });
  });

  it('while a tunnel connects, is up, gets new keys and carries files', async () => {
    expect(await leaked(() => scene.adit.up(id))).toEqual([]);
    expect(
      await leaked(async () => {
        await carries();
        await scene.adit.run(['rekey', id]);
        await carries();
      }),
    ).toEqual([]);
    expect((await leaks.during()).tunnelled).toBeGreaterThan(50);
  });

  it('while its gateway is dead and it looks for it, until it is back', async () => {
    const { world, router } = scene.lab;
    expect(
      await leaked(async () => {
        const silence = await world.block(router, `ip saddr ${GATEWAY}`);
        await until('the tunnel is lost', async () => (await state()) === 'reconnecting', {
          timeoutMs: 30_000,
        });
        await sleep(1000);
        await silence[Symbol.asyncDispose]();
        await until('it is back', async () => (await state()) === 'connected', { timeoutMs: 30_000 });
      }),
    ).toEqual([]);
  });

  it('while the helper is killed, is away, and starts again', async () => {
    expect(
      await leaked(async () => {
        await scene.adit.stop('SIGKILL');
        await sleep(500);
      }),
    ).toEqual([]);
    expect(
      await leaked(async () => {
        await scene.adit.restart();
        await scene.adit.up(id);
      }),
    ).toEqual([]);
    expect(
      await leaked(async () => {
        await scene.adit.stop('SIGTERM');
      }),
    ).toEqual([]);
    expect(await leaked(() => scene.adit.restart())).toEqual([]);
  });

  it('after the machine has started, before there is a helper', async () => {
    await scene.adit.stop('SIGTERM');
    const { client } = scene.lab;
    const text = join(scene.adit.stateDirectory, 'lockdown.nft');
    await client.run(['sh', '-c', 'ip link set eth0 down; nft flush ruleset']);
    // As adit-lockdown.service does it.
    await client.run(['nft', '-f', text]);
    expect(
      await leaked(async () => {
        await client.ip('link set eth0 up');
        await client.ip('route add default via 10.1.0.1');
        await client.ip('-6 addr replace fd01::2/64 dev eth0 nodad');
        await client.ip('-6 route replace default via fd01::1');
        await scene.adit.restart();
        await scene.adit.up(id);
        await carries();
      }),
    ).toEqual([]);
  });

  it('once it is put back, whoever has taken it away', async () => {
    await scene.lab.client.run(['nft', 'flush', 'ruleset']);
    await until('it is there', async () =>
      (await scene.lab.client.run(['nft', 'list', 'tables'])).includes('adit_lockdown'),
    );
    expect(await leaked(() => carries())).toEqual([]);
  });

  it('though the local network is within reach where that is wished for', async () => {
    await lockdown('on', '--lan');
    const local = told(
      ENDS.filter(
        ({ address }) => address === ROUTER.ip4 || address === ROUTER.ip6 || address.startsWith('224.'),
      ),
    );
    expect((await leaks.during()).leaks).toEqual(local);
    await lockdown('on');
    expect(await leaked()).toEqual([]);
  });

  it('after the tunnel, until it is switched off', async () => {
    expect(await leaked(() => scene.adit.down(id))).toEqual([]);
    await lockdown('off');
    expect((await leaks.during()).leaks).toEqual(expect.arrayContaining(EVERYTHING));
    await expect(readFile(join(scene.adit.stateDirectory, 'lockdown.nft'))).rejects.toThrow('ENOENT');
  });
});
