/** Rekeying with a strongSwan gateway, by either side and by both at once, under traffic that must not notice. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { expectTraffic } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { Scene } from '#test/harness/scene.ts';
import { moveFiles } from '#test/harness/traffic.ts';

const IKE = 'aes256gcm16-prfsha384-ecp256';
/** Soft lifetimes of the gateway; it begins up to a tenth earlier. */
const SOON = { over_time: '60s', rand_time: '1s' };

/** Two networks behind the gateway: the server's, and that of its name server's address. */
const NETS = ['10.99.0.0/27', '10.99.0.32/27'] as const;

describe('rekeying with a strongSwan gateway', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [
        { name: 'plain', ike: IKE, esp: 'aes256gcm16' },
        { name: 'pfs', ike: IKE, esp: 'aes256gcm16-ecp256' },
        {
          name: 'nets',
          ike: IKE,
          inner: NETS,
          gateway: {
            children: {
              net: { local_ts: [NETS[0]], esp_proposals: 'aes256gcm16' },
              names: { local_ts: [NETS[1]], esp_proposals: 'aes256gcm16' },
            },
          },
          profile: { child: { perSubnet: true, remoteTs: [...NETS] } },
        },
        {
          name: 'soon',
          ike: IKE,
          esp: 'aes256gcm16-ecp256',
          gateway: {
            rekey_time: '7s',
            ...SOON,
            children: {
              net: {
                local_ts: [LAB.inner.net4],
                esp_proposals: 'aes256gcm16-ecp256',
                rekey_time: '3s',
                rand_time: '1s',
                life_time: '60s',
              },
            },
          },
        },
      ],
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  const ikeOf = ({ ike }: TunnelStatus): string => `${ike?.spiI} ${ike?.spiR}`;
  const spisOf = ({ children }: TunnelStatus): string => children.map(({ spiIn }) => spiIn).join(' ');
  /** One Child SA again: the old one leaves when its Delete has been answered. */
  const settled = (now: () => Promise<TunnelStatus>) =>
    until('one Child SA is left', async () => (await now()).children.length === 1 && (await now()));

  it.each(['plain', 'pfs'])('%s: by us, with adit rekey', async (name) => {
    const { id, now } = await scene.up(name);
    for (const what of ['--child', '--ike', '--child', '--ike']) {
      const before = await now();
      await scene.adit.run(['rekey', id, what]);
      const after = await settled(now);
      expect(spisOf(after) === spisOf(before)).toBe(what === '--ike');
      expect(ikeOf(after) === ikeOf(before)).toBe(what === '--child');
      expect(after.ike?.rekeyAt).not.toBeNull();
      await expectTraffic(scene, id, name, { bytes: 20_000 });
    }
    expect((await scene.gateway.sas(name)).length).toBe(1);
    await scene.adit.down(id);
  });

  it.each(['plain', 'pfs'])('%s: by the gateway', async (name) => {
    const { id, now } = await scene.up(name);
    for (const what of [{ child: 'net' }, { ike: name }, { child: 'net' }]) {
      const before = await now();
      await scene.gateway.rekey(what);
      await until('the SA has a successor', async () => {
        const after = await now();
        return 'ike' in what ? ikeOf(after) !== ikeOf(before) : spisOf(await settled(now)) !== spisOf(before);
      });
      await expectTraffic(scene, id, name, { bytes: 20_000 });
    }
    await scene.adit.down(id);
    expect(await scene.gateway.sas(name)).toEqual([]);
  });

  it('nets: one of two Child SAs that the gateway terminates is there again, in the same session', async () => {
    const { id, now } = await scene.up('nets');
    const started = await until('both stand', async () => {
      const tunnel = await now();
      return tunnel.children.length === 2 && tunnel;
    });
    await scene.gateway.terminate({ child: 'names' });
    expect((await now()).state).toBe('connected');
    await until('it is there again', async () => (await now()).children.length === 2);
    expect(ikeOf(await now())).toBe(ikeOf(started));
    expect(spisOf(await now())).not.toBe(spisOf(started));
    const [sa] = await scene.gateway.sas('nets');
    expect(sa?.children.map(({ name }) => name).toSorted()).toEqual(['names', 'net']);
    for (const address of [LAB.inner.ip4, LAB.dns.ip4]) {
      const moved = await moveFiles(scene.server, scene.user, address, 20_000);
      expect(moved).toEqual({ down: 'equal', up: 'equal' });
    }
    await scene.adit.down(id);
    expect(await scene.gateway.sas('nets')).toEqual([]);
  });

  it('both, every few seconds, under traffic: nothing breaks, nothing is lost to a replay', {
    timeout: 90_000,
  }, async () => {
    const { id, now } = await scene.up('soon');
    const { port } = await scene.server.serve(LAB.inner.ip4);
    const end = Date.now() + 20_000;
    const children = new Set<string>();
    const sessions = new Set<string>();
    let drops = 0;
    const watch = (async () => {
      while (Date.now() < end) {
        const tunnel = await now();
        expect(tunnel.state).toBe('connected');
        sessions.add(ikeOf(tunnel));
        for (const child of tunnel.children) {
          children.add(child.spiIn);
          drops += child.replayDrops + child.authFailures + child.selectorDrops;
        }
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    })();
    const ours = (async () => {
      while (Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        await scene.adit.run(['rekey', id]);
      }
    })();
    let moved = 0;
    while (Date.now() < end) {
      const got = await scene.user.download(`http://${LAB.inner.ip4}:${port}/3000000`);
      expect(got.sha256).toBe(got.expected);
      moved += got.bytes;
    }
    await Promise.all([watch, ours]);
    console.info(`${moved} octets over ${children.size} Child SAs and ${sessions.size} IKE SAs in 20 s`);
    expect(children.size).toBeGreaterThan(7);
    expect(sessions.size).toBeGreaterThan(3);
    expect(drops).toBe(0);
    await scene.adit.down(id);
    expect(await scene.gateway.sas('soon')).toEqual([]);
  });
});
