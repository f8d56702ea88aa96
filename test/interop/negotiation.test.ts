/** What a gateway may ask for in IKE_SA_INIT (COOKIE, another group), and every way in which it may refuse. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '#core/failure/failure.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { expectNothingLeft, runThrough } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import { openHalf } from './half-open.ts';

const SUITE = { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' };

/** A first group that the gateway does not want, and the one that it does. */
const groups = (first: string): Partial<ProfileInput> => ({
  ike: { proposals: [`aes256gcm16-prfsha384-${first}-ecp384`] },
});

describe('what a strongSwan gateway asks for', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [{ name: 'plain', ...SUITE }],
      // One half-open SA is enough for charon to answer every IKE_SA_INIT with a cookie.
      charon: { cookie_threshold: 1, half_open_timeout: 60 },
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it('INVALID_KE_PAYLOAD: another group than our first', async () => {
    await runThrough(scene, 'plain', { profile: scene.profile('plain', groups('curve25519')) });
    expect(await scene.gateway.log()).toMatch(/requesting ECP_384/);
  });

  it('COOKIE', async () => {
    await openHalf(scene.user, '192.0.2.10');
    await runThrough(scene, 'plain');
    expect(await scene.gateway.log()).toMatch(/sending COOKIE|N\(COOKIE\)/);
  });

  it('COOKIE and INVALID_KE_PAYLOAD together', async () => {
    await openHalf(scene.user, '192.0.2.10');
    const before = (await scene.gateway.log()).length;
    await runThrough(scene, 'plain', { profile: scene.profile('plain', groups('ecp256')) });
    const log = (await scene.gateway.log()).slice(before);
    expect(log).toMatch(/COOKIE/);
    expect(log).toMatch(/requesting ECP_384/);
  });
});

describe('how a strongSwan gateway refuses', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [
        { name: 'plain', ...SUITE },
        { name: 'no-pool', ...SUITE, pools: ['empty'] },
        { name: 'unreachable', ...SUITE, address: '192.0.2.200' },
      ],
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  /** `up` must fail with exit code 1, say why in words and as data, and leave nothing on either end. */
  async function expectRefusal(
    profile: ProfileInput,
    options: { psk?: string; timeoutSec?: number } = {},
  ): Promise<{ failure: Failure | null | undefined; words: string }> {
    const id = await scene.adit.import(profile, options.psk ?? PSK);
    const before = await scene.snapshot();
    const refused = await scene.adit.try(['up', id, '--timeout', String(options.timeoutSec ?? 15)]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^Try: /m);
    const failure = (await scene.adit.tunnel(id))?.failure;
    await expectNothingLeft(scene, before);
    await until('the gateway holds no SA', async () => (await scene.gateway.sas()).length === 0);
    return { failure, words: refused.stderr };
  }

  it('a wrong key', async () => {
    const { failure } = await expectRefusal(scene.profile('plain'), { psk: 'another secret' });
    expect(failure).toMatchObject({ cause: 'authentication-refused', method: 'psk', localId: 'client.lab' });
  });

  it('an identity that it does not know', async () => {
    const authentication = { method: 'psk', localId: 'stranger.lab' } as const;
    const { failure } = await expectRefusal(scene.profile('plain', { authentication }));
    expect(failure).toMatchObject({ cause: 'authentication-refused', localId: 'stranger.lab' });
  });

  it('an identity of its own that we do not expect', async () => {
    const gateway = { addresses: ['192.0.2.10'], id: 'other.lab' };
    const { failure } = await expectRefusal(scene.profile('plain', { gateway }));
    expect(['identity-mismatch', 'authentication-refused']).toContain(failure?.cause);
  });

  it('no common IKE proposal', async () => {
    const ike = { proposals: ['aes128-sha256-modp2048'] };
    const { failure } = await expectRefusal(scene.profile('plain', { ike }));
    expect(failure).toMatchObject({ cause: 'no-proposal', protocol: 'IKE', saidBy: 'peer' });
    expect(JSON.stringify(failure)).toContain('modp2048');
  });

  it('no common ESP proposal', async () => {
    const child = { remoteTs: [LAB.inner.net4], proposals: ['aes128-sha1'] };
    const { failure } = await expectRefusal(scene.profile('plain', { child }));
    expect(failure).toMatchObject({ cause: 'no-proposal', protocol: 'ESP', saidBy: 'peer' });
  });

  it('traffic selectors that it does not serve', async () => {
    const child = { remoteTs: ['172.16.0.0/16'], proposals: ['aes256gcm16'] };
    const { failure } = await expectRefusal(scene.profile('plain', { child }));
    expect(failure).toMatchObject({ cause: 'ts-unacceptable', saidBy: 'peer' });
  });

  it('no address left to assign', async () => {
    const { failure } = await expectRefusal(scene.profile('no-pool'));
    expect(failure?.cause).toBe('no-address');
  });

  it('a gateway behind a filter that drops everything: up gives up when told to', async () => {
    await using _wall = await scene.lab.world.block(scene.lab.router, 'meta l4proto udp');
    const { words } = await expectRefusal(scene.profile('plain'), { timeoutSec: 2 });
    expect(words).toContain('within 2 seconds');
  });

  it('an address where no machine is', async () => {
    const gateway = { addresses: ['192.0.2.222'], id: 'gw.lab' };
    const { words } = await expectRefusal(scene.profile('plain', { gateway }), { timeoutSec: 2 });
    expect(words).toMatch(/within 2 seconds|no answer|unreachable/i);
  });

  it('no network towards it', async () => {
    const gateway = { addresses: ['2001:db8:dead::1'], id: 'gw.lab' };
    await scene.lab.client.ip('-6 route del default');
    const { failure } = await expectRefusal(scene.profile('plain', { gateway }));
    await scene.lab.client.ip('-6 route add default via fd01::1');
    expect(failure).toMatchObject({ cause: 'network-unreachable', address: '2001:db8:dead::1' });
  });

  it('a name that does not exist', async () => {
    const gateway = { addresses: ['nowhere.invalid'], id: 'gw.lab' };
    const { failure } = await expectRefusal(scene.profile('plain', { gateway }));
    expect(failure).toMatchObject({ cause: 'name-not-resolved', host: 'nowhere.invalid' });
  });

  it('no machine at the first address, so the second is tried', async () => {
    const gateway = { addresses: ['192.0.2.222', '192.0.2.10'], id: 'gw.lab' };
    const id = await scene.adit.import(scene.profile('plain', { gateway }), PSK);
    const tunnel = await scene.adit.up(id, 60);
    expect(tunnel.gateway?.address).toBe('192.0.2.10');
    await scene.adit.down(id);
  });
});
