/** How a connection ends: by either side, by a gateway that dies, by a helper that stops or is killed. Nothing stays. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import { snapshot } from '#test/harness/snapshot.ts';

const SUITE = { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' };

describe('the end of a connection', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [
        { name: 'plain', ...SUITE, inner: ['10.99.0.0/28'] },
        { name: 'second', ...SUITE, inner: [`${LAB.dns.ip4}/32`], clientId: 'client-2.lab' },
      ],
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it('adit down: the gateway is told', async () => {
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    const before = await scene.snapshot();
    await scene.adit.up(id);
    await expectTraffic(scene, id, 'plain');
    const log = (await scene.gateway.log()).length;
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
    expect((await scene.adit.tunnel(id))?.state ?? 'disconnected').toBe('disconnected');
    await until('the gateway holds no SA', async () => (await scene.gateway.sas()).length === 0);
    expect((await scene.gateway.log()).slice(log)).toMatch(/received DELETE for IKE_SA/);
  });

  it('the gateway deletes the IKE SA and no other is wanted: said, answered, undone', async () => {
    const profile = scene.profile('plain', { reconnect: { enabled: false } });
    const id = await scene.adit.import(profile, PSK);
    const before = await scene.snapshot();
    await scene.adit.up(id);
    await expectTraffic(scene, id, 'plain');
    await scene.gateway.terminate({ ike: 'plain' });
    const tunnel = await until('Adit notices', async () => {
      const now = await scene.adit.tunnel(id);
      return now?.state !== 'connected' && now;
    });
    expect(tunnel.failure).toMatchObject({ cause: 'closed-by-peer' });
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });

  it.each(['child', 'ike'] as const)(
    'the gateway deletes the %s SA: another connection takes its place',
    async (which) => {
      const id = await scene.adit.import(scene.profile('plain'), PSK);
      const before = await scene.snapshot();
      const first = await scene.adit.up(id);
      await scene.gateway.terminate(which === 'ike' ? { ike: 'plain' } : { child: 'net' });
      const tunnel = await until('Adit is back', async () => {
        const now = await scene.adit.tunnel(id);
        return now?.state === 'connected' && now.ike?.spiI !== first.ike?.spiI && now;
      });
      expect(tunnel.lastEnd).toMatchObject({ failure: { cause: 'closed-by-peer' } });
      await expectTraffic(scene, id, 'plain');
      await scene.adit.down(id);
      await expectNothingLeft(scene, before);
    },
  );

  it('two tunnels at once, each to its own network', async () => {
    const before = await scene.snapshot();
    const first = await scene.adit.import(scene.profile('plain', { request: { dns: false } }), PSK);
    const second = await scene.adit.import(scene.profile('second', { request: { dns: false } }), PSK);
    const one = await scene.adit.up(first);
    const other = await scene.adit.up(second);
    expect(one.interface?.name).not.toBe(other.interface?.name);
    await expectTraffic(scene, first, 'plain');
    await expectTraffic(scene, second, 'second', { inner: [LAB.dns.ip4] });
    await scene.adit.down(first);
    await expectTraffic(scene, second, 'second', { inner: [LAB.dns.ip4] });
    await scene.adit.down();
    await expectNothingLeft(scene, before);
  });

  it('a second helper on the same socket refuses, and the first goes on', async () => {
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    const before = await scene.snapshot();
    await scene.adit.up(id);
    const second = scene.adit.spawn();
    expect(await second.exited).toBeGreaterThan(0);
    expect(second.output).toMatch(/already|another|running/i);
    await expectTraffic(scene, id, 'plain');
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });

  it('a pinned port that something else uses', async () => {
    const ike = { proposals: [SUITE.ike], localPort: 5555 };
    const id = await scene.adit.import(scene.profile('plain', { ike }), PSK);
    const before = await scene.snapshot();
    const holder = scene.user.datagram({ address: '192.0.2.1', port: 9 }, Buffer.from('x'), {
      sourcePort: 5555,
      waitMs: 2_000,
    });
    const up = await scene.adit.try(['up', id, '--timeout', '10']);
    expect(up.code).toBe(1);
    expect(up.stderr).toContain('5555');
    expect((await scene.adit.tunnel(id))?.failure).toMatchObject({ cause: 'system' });
    await holder;
    await expectNothingLeft(scene, before);
    await scene.adit.up(id);
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });
});

describe('a gateway that dies', () => {
  it('is noticed by liveness, and nothing stays behind', async () => {
    await using scene = await Scene.create({ ways: [{ name: 'plain', ...SUITE }] });
    const ike = { proposals: [SUITE.ike], livenessSec: 1 };
    const id = await scene.adit.import(scene.profile('plain', { ike }), PSK);
    const before = await scene.snapshot();
    await scene.adit.up(id);
    await expectTraffic(scene, id, 'plain');
    await scene.gateway.kill();
    const tunnel = await until(
      'Adit notices',
      async () => {
        const now = await scene.adit.tunnel(id);
        return now?.state !== 'connected' && now?.reconnect?.why ? now : undefined;
      },
      { timeoutMs: 90_000 },
    );
    expect(tunnel).toMatchObject({ state: 'reconnecting', reconnect: { why: { cause: 'peer-dead' } } });
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });
});

describe('a helper that stops while connected', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({ ways: [{ name: 'plain', ...SUITE }] });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it('SIGTERM: exits 0, tells the gateway, leaves the host as it was before it started', async () => {
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    await scene.adit.up(id);
    await expectTraffic(scene, id, 'plain');
    expect(await scene.adit.stop('SIGTERM')).toBe(0);
    await until('the gateway holds no SA', async () => (await scene.gateway.sas()).length === 0);
    expect(await snapshot(scene.lab.client, ['/run/adit'])).toEqual(scene.untouched);
    expect((await scene.lab.client.try(['test', '-e', scene.adit.socket])).code).toBe(1);
    await scene.adit.restart();
  });

  it('kill -9: what it left is undone at its next start, and it connects again', async () => {
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    await scene.adit.up(id);
    expect(await scene.adit.stop('SIGKILL')).toBe(-1);
    expect(await scene.snapshot()).not.toEqual(scene.untouched);
    expect(await scene.adit.journal()).toMatch(/"effect"/);
    await scene.adit.restart();
    await expectNothingLeft(scene, scene.untouched);
    expect((await scene.adit.tunnel(id))?.state ?? 'disconnected').toBe('disconnected');
    await scene.adit.up(id);
    // The profile survived, and INITIAL_CONTACT made the gateway forget the SA that nobody deleted.
    await expectTraffic(scene, id, 'plain');
    await scene.adit.down(id);
    await expectNothingLeft(scene, scene.untouched);
  });
});
