/**
 * ML-KEM beside another key exchange (RFC 9370, RFC 9242) with a real strongSwan 6: logging in, data, and rekeying by either
 * side. A strongSwan 5.9.8, which knows nothing of it, finds what it knows among the rest.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { expectTraffic, runThrough } from '#test/harness/checks.ts';
import { describeWithStrongSwan6 } from '#test/harness/describe-strongswan6.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene, type Way } from '#test/harness/scene.ts';
import type { Settings } from '#test/harness/settings.ts';

const HYBRID = 'aes256gcm16-prfsha384-curve25519-ke1_mlkem768';
const ESP = 'aes256gcm16-curve25519-ke1_mlkem768';
const CLASSICAL = 'aes256gcm16-prfsha384-curve25519';

const WAYS: readonly (Way & { readonly ike: string })[] = [
  { name: 'hybrid', ike: HYBRID, esp: ESP },
  { name: 'classical', ike: CLASSICAL, esp: 'aes256gcm16' },
  // A gateway that wants it for each Child SA, too, which the profile does not say.
  {
    name: 'strict',
    ike: HYBRID,
    esp: 'aes256gcm16',
    gateway: { children: { net: { local_ts: ['10.99.0.0/24'], esp_proposals: ESP } } },
  },
  { name: 'largest', ike: 'aes256-sha512-ecp521-ke1_mlkem1024', esp: 'aes128-sha256' },
  { name: 'smallest', ike: 'aes128-sha256-ecp256-ke1_mlkem512', esp: 'aes128gcm16' },
  { name: 'several', ike: 'aes128-sha256-ecp256-ke1_mlkem768-ke2_modp3072-ke4_mlkem512', esp: 'aes128gcm16' },
  { name: 'narrow', ike: HYBRID, esp: ESP, profile: { ike: { proposals: [HYBRID], fragmentBytes: 576 } } },
  { name: 'whole', ike: HYBRID, esp: ESP, profile: { ike: { proposals: [HYBRID], fragmentBytes: 0 } } },
];

describeWithStrongSwan6('a gateway with ML-KEM', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({ strongSwan: 6, ways: WAYS });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it('is one', async () => {
    expect(await scene.gateway.version()).toMatch(/^6\./);
  });

  it.each(WAYS)('$name: $ike', async ({ name, ike }) => {
    await runThrough(scene, name, {
      connected: (tunnel) => {
        expect(tunnel.ike?.suite).toBe(ike);
        expect(tunnel.ike?.weak).toEqual([]);
      },
    });
  });

  const ikeOf = ({ ike }: TunnelStatus): string => `${ike?.spiI} ${ike?.spiR}`;
  const spisOf = ({ children }: TunnelStatus): string => children.map(({ spiIn }) => spiIn).join(' ');

  const successor = (now: () => Promise<TunnelStatus>, before: TunnelStatus, what: 'ike' | 'child') =>
    until('the SA has a successor, and it alone', async () => {
      const after = await now();
      const other = what === 'ike' ? ikeOf(after) !== ikeOf(before) : spisOf(after) !== spisOf(before);
      return other && after.children.length === 1 && after;
    });

  it.each([
    ['hybrid', 'AES_GCM_16_256/CURVE_25519/ML_KEM_768'],
    ['narrow', 'AES_GCM_16_256/CURVE_25519/ML_KEM_768'],
    ['strict', 'AES_GCM_16_256/CURVE_25519/ML_KEM_768'],
    ['several', 'AES_GCM_16_128'],
  ])('%s: rekeyed by us and by the gateway', async (name, child) => {
    const { id, now } = await scene.up(name);
    const agreed = (await now()).ike?.suite;
    for (const what of ['child', 'ike', 'child', 'ike'] as const) {
      const before = await now();
      await scene.adit.run(['rekey', id, `--${what}`]);
      const after = await successor(now, before, what);
      expect(after.ike?.suite).toBe(agreed);
      await expectTraffic(scene, id, name, { bytes: 20_000 });
    }
    for (const what of ['child', 'ike', 'child', 'ike'] as const) {
      const before = await now();
      await scene.gateway.rekey(what === 'ike' ? { ike: name } : { child: 'net' });
      const after = await successor(now, before, what);
      expect(after.ike?.suite).toBe(agreed);
      await expectTraffic(scene, id, name, { bytes: 20_000 });
    }
    const [sa, ...more] = await scene.gateway.sas(name);
    expect(more).toEqual([]);
    // Those that it has rekeyed itself stay in its list for a while.
    const installed = sa?.children.filter(({ state }) => state === 'INSTALLED');
    expect(installed?.map(({ suite }) => suite)).toEqual([child]);
    await scene.adit.down(id);
    expect(await scene.gateway.sas(name)).toEqual([]);
  });
});

const PPK_NAME = 'client-2026';
const PPK = 'a key of the lab that nobody guesses, and 256 bits long';
const PPK_SECRETS = { 'ppk-client': { id: PPK_NAME, secret: PPK } };

/** What a profile asks for, without a word on algorithms. `knows` is the gateway's proposal. */
const wish = (name: string, knows: string, ike: ProfileInput['ike'], gateway: Settings = {}): Way => ({
  name,
  gateway: { proposals: knows, ...gateway },
  profile: { ike },
});

describeWithStrongSwan6('what a profile asks for', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      strongSwan: 6,
      secrets: PPK_SECRETS,
      ways: [
        wish('off', `${HYBRID},${CLASSICAL}`, {}),
        wish('prefer', `${HYBRID},${CLASSICAL}`, { postQuantum: 'prefer' }),
        wish('require', HYBRID, { postQuantum: 'require' }),
        wish('level-5', HYBRID.replace('768', '1024'), { postQuantum: 'require' }),
        wish(
          'both',
          HYBRID,
          { postQuantum: 'require', ppk: { id: PPK_NAME, required: true } },
          { ppk_id: PPK_NAME, ppk_required: 'yes' },
        ),
      ],
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it.each([
    ['off', /-curve25519$/, []],
    ['prefer', /-curve25519-ke1_mlkem768$/, ['ml-kem']],
    ['require', /-curve25519-ke1_mlkem768$/, ['ml-kem']],
    ['level-5', /-curve25519-ke1_mlkem1024$/, ['ml-kem']],
  ])('%s', async (name, suite, postQuantum) => {
    await runThrough(scene, name, {
      connected: (tunnel) => {
        expect(tunnel.ike?.suite).toMatch(suite);
        expect(tunnel.postQuantum).toEqual(postQuantum);
      },
    });
  });

  it('ML-KEM and a pre-shared key at once, also after rekeyings', async () => {
    const id = await scene.adit.import(scene.profile('both'), PSK);
    const early = await scene.adit.try(['up', id]);
    expect(early.stderr).toContain('The post-quantum pre-shared key of the profile is not stored.');
    await scene.adit.run(['set-secret', id, '--ppk-stdin'], { input: PPK });
    await scene.adit.up(id);
    for (const what of ['--ike', '--child', '--ike']) {
      await scene.adit.run(['rekey', id, what]);
      await until('one SA is left', async () => {
        const [sa, ...more] = await scene.gateway.sas('both');
        return more.length === 0 && sa?.children.length === 1;
      });
      await expectTraffic(scene, id, 'both', { bytes: 20_000 });
      expect((await scene.adit.tunnel(id))?.postQuantum).toEqual(['ml-kem', 'ppk']);
    }
    await scene.adit.run(['down', id]);

    await scene.adit.run(['set-secret', id, '--ppk-stdin'], { input: 'another key' });
    const wrong = await scene.adit.try(['up', id]);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toMatch(/post-quantum/);
  });
});

describe('a strongSwan 5.9.8', () => {
  let scene: Scene;
  beforeAll(async () => {
    const ppk = { id: PPK_NAME, required: false };
    scene = await Scene.create({
      secrets: PPK_SECRETS,
      ways: [
        { name: 'named', ike: CLASSICAL, profile: { ike: { proposals: [HYBRID, CLASSICAL] } } },
        wish('prefer', CLASSICAL, { postQuantum: 'prefer' }),
        wish('require', CLASSICAL, { postQuantum: 'require' }),
        wish('ppk', CLASSICAL, { ppk }, { ppk_id: PPK_NAME, ppk_required: 'yes' }),
        wish('no-ppk', CLASSICAL, { ppk: { ...ppk, id: 'not-known-there' } }),
      ],
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it.each(['named', 'prefer'])('takes the proposal that it knows: %s', async (name) => {
    await runThrough(scene, name, {
      connected: (tunnel) => {
        expect(tunnel.ike?.suite).toBe(CLASSICAL);
      },
    });
  });

  it('is left where ML-KEM is required', async () => {
    const id = await scene.adit.import(scene.profile('require'), PSK);
    const { code, stderr } = await scene.adit.try(['up', id]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('ke1_mlkem768');
    expect(await scene.gateway.sas('require')).toEqual([]);
  });

  it.each([
    ['ppk', ['ppk']],
    ['no-ppk', []],
  ])('has a pre-shared key, or does without: %s', async (name, postQuantum) => {
    const id = await scene.adit.import(scene.profile(name), PSK);
    await scene.adit.run(['set-secret', id, '--ppk-stdin'], { input: PPK });
    expect((await scene.adit.up(id)).postQuantum).toEqual(postQuantum);
    await expectTraffic(scene, id, name, { bytes: 20_000 });
    await scene.adit.down(id);
  });
});
