/** What a gateway assigns and narrows: traffic selectors with ports and protocols, several of them, DNS, domains, rekeying. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectTraffic, runThrough } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';

const SUITE = { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' };

describe('what a strongSwan gateway decides', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [
        { name: 'one-port', ...SUITE, inner: [`${LAB.inner.ip4}/32[tcp/8080]`] },
        { name: 'several', ...SUITE, inner: [`${LAB.inner.ip4}/32`, `${LAB.dns.ip4}/32`] },
        { name: 'everything', ...SUITE, inner: ['0.0.0.0/0'] },
        { name: 'attributes', ...SUITE, pools: ['rich'] },
      ],
      pools: {
        rich: { addrs: '10.87.0.0/24', dns: LAB.dns.ip4, subnet: LAB.inner.net4, 25: 'corp.lab', 23456: 'x' },
      },
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it('one port of one protocol: that passes, nothing else does', async () => {
    const child = { remoteTs: ['0.0.0.0/0'], proposals: [SUITE.esp] };
    const id = await scene.adit.import(scene.profile('one-port', { child }), PSK);
    const tunnel = await scene.adit.up(id);
    expect(tunnel.children[0]?.remoteTs).toEqual([`${LAB.inner.ip4}/32[tcp/8080]`]);
    await scene.server.serve(LAB.inner.ip4, 8080);
    await scene.server.serve(LAB.inner.ip4, 8081);
    const open = await scene.user.download(`http://${LAB.inner.ip4}:8080/10000`);
    expect(open.sha256).toBe(open.expected);
    const closed = scene.user.download(`http://${LAB.inner.ip4}:8081/10000`, 1_000);
    await expect(closed).rejects.toThrow(/./);
    await scene.adit.down(id);
  });

  it('several selectors: each carries', async () => {
    await runThrough(scene, 'several', {
      inner: [LAB.inner.ip4, LAB.dns.ip4],
      connected: (tunnel) => {
        expect(tunnel.children[0]?.remoteTs).toEqual([`${LAB.inner.ip4}/32`, `${LAB.dns.ip4}/32`]);
      },
    });
  });

  it('everything through the tunnel: names are asked of its servers, and of the former ones afterwards', async () => {
    await runThrough(scene, 'everything', {
      connected: async (tunnel) => {
        expect(tunnel.dns.servers).toEqual([LAB.dns.ip4]);
        const resolvConf = await scene.lab.client.run(['cat', '/etc/resolv.conf']);
        expect(resolvConf.match(/^nameserver .*/gm)).toEqual([`nameserver ${LAB.dns.ip4}`]);
      },
    });
  });

  it('attributes: a domain is used, unknown ones are ignored', async () => {
    await runThrough(scene, 'attributes', {
      connected: (tunnel) => {
        expect(tunnel.virtualIps[0]).toMatch(/^10\.87\.0\./);
        expect(tunnel.dns.domains).toEqual(['corp.lab']);
      },
    });
  });

  it('rekeying of the Child SA and of the IKE SA keeps what was narrowed, and traffic goes on', async () => {
    const id = await scene.adit.import(scene.profile('several'), PSK);
    const { children } = await scene.adit.up(id);
    for (const what of [{ child: 'net' }, { ike: 'several' }]) {
      const log = (await scene.gateway.log()).length;
      await scene.gateway.rekey(what);
      await until('the gateway asked and was answered', async () =>
        /parsed CREATE_CHILD_SA response[^]*parsed INFORMATIONAL response/.test(
          (await scene.gateway.log()).slice(log),
        ),
      );
      const tunnel = await scene.adit.tunnel(id);
      expect(tunnel?.state).toBe('connected');
      const narrowed = tunnel?.children.map(({ remoteTs }) => remoteTs) ?? [];
      expect(narrowed.length).toBeGreaterThan(0);
      for (const remoteTs of narrowed) expect(remoteTs).toEqual(children[0]?.remoteTs);
      await expectTraffic(scene, id, 'several', { bytes: 20_000 });
    }
    await scene.adit.down(id);
  });
});
