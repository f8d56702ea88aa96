/** Every type of identity, as the gateway reads it, and profiles that come from strongSwan's own swanctl.conf. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft, expectTraffic, runThrough } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { GATEWAY_ID, PSK, Scene } from '#test/harness/scene.ts';
import { settingsText } from '#test/harness/settings.ts';

const SUITE = { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' };

/** As a profile writes them and strongSwan reads them. */
const IDENTITIES = [
  { type: 'ID_FQDN', id: 'laptop.lab' },
  { type: 'ID_RFC822_ADDR', id: 'mole@lab.example' },
  { type: 'ID_IPV4_ADDR', id: '203.0.113.7' },
  { type: 'ID_IPV6_ADDR', id: '2001:db8::7' },
  { type: 'ID_DER_ASN1_DN', id: 'C=DE, O=Lab, CN=mole' },
  { type: 'ID_KEY_ID', id: 'keyid:mole' },
] as const;

describe('identities', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [
        ...IDENTITIES.map(({ type, id }) => ({ name: type, ...SUITE, clientId: id })),
        { name: 'our-address', ...SUITE, clientId: LAB.client.ip4 },
        { name: 'gateway-address', ...SUITE, gateway: { local: { auth: 'psk', id: '192.0.2.17' } } },
        { name: 'swanctl', ...SUITE },
      ],
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it.each(IDENTITIES)('$type: $id', async ({ type, id }) => {
    await runThrough(scene, type, {
      connected: async () => {
        expect((await scene.gateway.sa(type)).remoteId).toBe(id.replace('keyid:', ''));
      },
    });
  });

  it('none in the profile: our address', async () => {
    const profile = scene.profile('our-address', { authentication: { method: 'psk' } });
    await runThrough(scene, 'our-address', {
      profile,
      connected: async () => {
        expect((await scene.gateway.sa('our-address')).remoteId).toBe(LAB.client.ip4);
      },
    });
  });

  it('a gateway known by its address', async () => {
    const gateway = { addresses: ['192.0.2.17'], id: '192.0.2.17' };
    await runThrough(scene, 'gateway-address', {
      profile: scene.profile('gateway-address', { gateway }),
      connected: (tunnel) => {
        expect(tunnel.gateway?.id).toBe('192.0.2.17');
      },
    });
  });

  it('any identity of the gateway, when the profile names none', async () => {
    const gateway = { addresses: ['192.0.2.10'] };
    const profile = scene.profile(IDENTITIES[0].type, { gateway });
    await runThrough(scene, IDENTITIES[0].type, {
      profile,
      connected: (tunnel) => {
        expect(tunnel.gateway?.id).toBe(GATEWAY_ID);
      },
    });
  });

  it('the swanctl.conf of a strongSwan client, key included', async () => {
    const file = join(scene.lab.world.directory, 'swanctl.conf');
    const children = { net: { remote_ts: LAB.inner.net4, esp_proposals: SUITE.esp } };
    const connection = {
      version: 2,
      remote_addrs: '192.0.2.18',
      proposals: SUITE.ike,
      vips: '0.0.0.0',
      local: { auth: 'psk', id: 'client.lab' },
      remote: { auth: 'psk', id: GATEWAY_ID },
      children,
    };
    const secrets = { 'ike-gateway': { id: GATEWAY_ID, secret: PSK } };
    await writeFile(file, settingsText({ connections: { work: connection }, secrets }));
    const { imported } = JSON.parse(await scene.adit.run(['import', file, '--json'])) as {
      imported: { id: string; missingSecrets: string[]; report: { outcome: string; setting: string }[] }[];
    };
    expect(imported).toHaveLength(1);
    const [{ id, missingSecrets, report } = { id: '', missingSecrets: [], report: [] }] = imported;
    expect(missingSecrets).toEqual([]);
    expect(report.filter(({ outcome }) => outcome !== 'taken')).toEqual([]);
    const before = await scene.snapshot();
    await scene.adit.up(id);
    await expectTraffic(scene, id, 'swanctl');
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });
});
