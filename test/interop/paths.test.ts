/** Ways to the gateway and networks behind it: NAT, loss, IPv6 outside, IPv6 inside, both, addresses and DNS assigned. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft, runThrough } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { PSK, Scene } from '#test/harness/scene.ts';

const BOTH = { inner: [LAB.inner.net4, LAB.inner.net6], pools: ['p4', 'p6'] };

describe('paths to a strongSwan gateway', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [
        { name: 'plain' },
        { name: 'both-inside', ...BOTH },
        { name: 'ip6-inside', inner: [LAB.inner.net6], pools: ['p6'] },
        { name: 'ip6-outside', address: LAB.gateway.ip6, ...BOTH },
        { name: 'everything', inner: ['0.0.0.0/0', '::/0'], pools: ['p4', 'p6'] },
      ],
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it('no NAT: none is shown', async () => {
    await runThrough(scene, 'plain', {
      connected: (tunnel) => {
        // charon with ESP in user space claims a NAT on its own side, so that ESP always travels in UDP.
        expect(tunnel.nat).toEqual({ local: false, remote: true });
        expect(tunnel.gateway).toMatchObject({ address: '192.0.2.10', port: 4500 });
      },
    });
  });

  it('behind a NAT router: shown, and the gateway sees the router', async () => {
    await using _nat = await scene.lab.world.masquerade(scene.lab.router, 'wan');
    await runThrough(scene, 'plain', {
      connected: async (tunnel) => {
        expect(tunnel.nat).toEqual({ local: true, remote: true });
        expect((await scene.gateway.sa('plain')).remoteHost).toBe('192.0.2.254');
      },
    });
  });

  it('a path that loses 5 of 100 packets', async () => {
    await using _loss = await scene.lab.world.lose(scene.lab.router, 5);
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    const before = await scene.snapshot();
    await scene.adit.up(id, 30);
    const { port } = await scene.server.serve(LAB.inner.ip4);
    const moved = await scene.user.download(`http://${LAB.inner.ip4}:${port}/100000`, 60_000);
    expect(moved).toMatchObject({ bytes: 100_000, sha256: moved.expected });
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });

  it('IPv6 inside', async () => {
    await runThrough(scene, 'ip6-inside', {
      inner: [LAB.inner.ip6],
      connected: (tunnel) => {
        expect(tunnel.virtualIps).toHaveLength(1);
        expect(tunnel.virtualIps[0]).toMatch(/^fd88::/);
      },
    });
  });

  it('IPv4 and IPv6 inside, with what the gateway assigned', async () => {
    await runThrough(scene, 'both-inside', {
      inner: [LAB.inner.ip4, LAB.inner.ip6],
      connected: async (tunnel) => {
        const vips = (await scene.gateway.sa('both-inside')).remoteVips;
        const assigned = tunnel.virtualIps.map((address) => address.split('/')[0]);
        expect(new Set(assigned)).toEqual(new Set(vips));
        expect(new Set(tunnel.dns.servers)).toEqual(new Set([LAB.dns.ip4, LAB.dns.ip6]));
        expect(tunnel.children[0]?.remoteTs).toEqual([LAB.inner.net4, LAB.inner.net6]);
      },
    });
  });

  it('IPv6 outside, IPv4 and IPv6 inside', async () => {
    await runThrough(scene, 'ip6-outside', {
      inner: [LAB.inner.ip4, LAB.inner.ip6],
      connected: (tunnel) => {
        expect(tunnel.gateway?.address).toBe(LAB.gateway.ip6);
      },
    });
  });

  it('everything into the tunnel: the gateway itself stays reachable outside it only for IKE and ESP', async () => {
    await runThrough(scene, 'everything', {
      inner: [LAB.inner.ip4, LAB.inner.ip6],
      connected: async () => {
        for (const address of [LAB.inner.ip4, '192.0.2.14', '198.51.100.1'])
          expect(await scene.lab.client.ip(`-4 route get ${address}`)).toMatch(/ dev adit\d/);
        for (const address of [LAB.inner.ip6, '2001:db8:ffff::1'])
          expect(await scene.lab.client.ip(`-6 route get ${address}`)).toMatch(/ dev adit\d/);
      },
    });
  });
});
