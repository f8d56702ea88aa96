/**
 * Certificates as companies issue them, against strongSwan: RSASSA-PSS, chains over intermediates, Ed448, and gateways from
 * before RFC 7427, which know the AUTH methods 1, 9, 10 and 11 alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { gatewayAddress } from '#test/harness/lab.ts';
import { certificateSswan, P12_PASSWORD, pkcs12 } from '#test/harness/login-files.ts';
import { GATEWAY_ID, Scene, type Way } from '#test/harness/scene.ts';
import type { Settings } from '#test/harness/settings.ts';
import { AUTH_PLUGINS } from '#test/harness/strongswan.ts';
import { type Ca, type Issued, type LeafOptions, TestPki } from '#test/harness/test-pki.ts';

const CLIENT = 'alice@lab.example';
const pki = new TestPki();
afterAll(() => pki[Symbol.dispose]());

const root = pki.ca('Root');
const gatewayCa = pki.ca('Gateway-CA', { issuer: pki.ca('Gateways', { issuer: root }) });
const peopleCa = pki.ca('People-CA', { issuer: pki.ca('People', { issuer: root }) });
const elsewhere = pki.ca('Elsewhere');
const pssRoot = pki.ca('PSS', { pss: true });

type Kind = NonNullable<LeafOptions['key']>;
const gatewayOf = (ca: Ca, key: Kind): Issued =>
  pki.leaf(ca, GATEWAY_ID, { usage: 'serverAuth', san: `DNS:${GATEWAY_ID}`, key });
const clientOf = (ca: Ca, key: Kind): Issued =>
  pki.leaf(ca, 'alice', { usage: 'clientAuth', san: `email:${CLIENT}`, key });

/** As most companies hand it out. */
const withRoot = ({ certificates, key }: Issued, ca: Ca): Issued => ({
  certificates: certificates + ca.certificates,
  key,
});

interface Login {
  readonly gateway: Issued;
  readonly client: Issued;
  readonly trusted?: Ca;
  readonly rsaPss?: boolean;
  /** `local` and `remote` of charon: `ike:rsa/pss-sha256`. */
  readonly auth?: string;
}

/** Each login is a connection of the gateway, with a certificate of its own. */
const waysOf = (logins: Readonly<Record<string, Login>>): Way[] =>
  Object.entries(logins).map(([name, { trusted = root, auth = 'pubkey' }]) => ({
    name,
    gateway: {
      local: { auth, certs: `${name}.pem`, id: GATEWAY_ID },
      remote: { auth, id: CLIENT, cacerts: trusted === root ? 'root.pem' : 'pss.pem' },
      send_certreq: 'yes',
    },
  }));

function filesOf(logins: Readonly<Record<string, Login>>): Record<string, string> {
  const files: Record<string, string> = {
    'x509ca/root.pem': root.certificates,
    'x509ca/pss.pem': pssRoot.certificates,
  };
  // The gateway has its own intermediates; those of the people it must be shown.
  for (const [at, pem] of gatewayCa.chain.split(/(?<=END CERTIFICATE-----\n)/).entries())
    files[`x509ca/gateway-${at}.pem`] = pem;
  for (const [name, { gateway }] of Object.entries(logins)) {
    files[`x509/${name}.pem`] = gateway.certificates;
    files[`private/${name}.pem`] = gateway.key;
  }
  return files;
}

/** Imports what Alice was given, connects, moves files, disconnects; nothing stays. */
async function expectLife(
  scene: Scene,
  name: string,
  { client, trusted = root, rsaPss }: Login,
): Promise<void> {
  const at = scene.ways.findIndex((way) => way.name === name);
  const local = { p12: pkcs12(client), id: CLIENT, ...(rsaPss === true ? { 'rsa-pss': true } : {}) };
  const file = join(scene.lab.world.directory, `${name}.sswan`);
  writeFileSync(file, certificateSswan(name, gatewayAddress(at), trusted.certificates, local));
  const words = ['import', file, '--json', '--p12-password-stdin'];
  const { imported } = JSON.parse(await scene.adit.run(words, { input: P12_PASSWORD })) as {
    imported: readonly [{ id: string }];
  };
  const [{ id }] = imported;
  const before = await scene.snapshot();
  await scene.adit.run(['up', id, '--timeout', '20']);
  await expectTraffic(scene, id, name);
  await scene.adit.down(id);
  await expectNothingLeft(scene, before);
}

/** What charon says of both signatures since the log had `from` characters. */
const signatures = (scene: Scene, from: number): string[] =>
  logOf(scene)
    .slice(from)
    .match(/authentication of '[^']+' (?:\(myself\) )?with (.+?)(?: successful)?$/gm)
    ?.map((line) => /with (.+?)(?: successful)?$/.exec(line)?.[1] ?? '') ?? [];

const logOf = (scene: Scene): string => readFileSync(join(scene.gateway.directory, 'log'), 'utf8');

async function sceneOf(logins: Readonly<Record<string, Login>>, charon: Settings = {}): Promise<Scene> {
  return await Scene.create({
    ways: waysOf(logins),
    charon: { load: AUTH_PLUGINS, fragment_size: 576, ...charon },
    files: filesOf(logins),
  });
}

const NEW: Readonly<Record<string, Login>> = {
  pss: {
    gateway: gatewayOf(root, 'RSA'),
    client: clientOf(root, 'RSA'),
    rsaPss: true,
    auth: 'ike:rsa/pss-sha256',
  },
  'pss-chain': {
    gateway: gatewayOf(pssRoot, 'RSA'),
    client: clientOf(pssRoot, 'RSA'),
    trusted: pssRoot,
    rsaPss: true,
    auth: 'ike:rsa/pss-sha256',
  },
  intermediates: { gateway: gatewayOf(gatewayCa, 'P-256'), client: clientOf(peopleCa, 'P-256') },
  'intermediates-rsa': { gateway: gatewayOf(gatewayCa, 'RSA'), client: clientOf(peopleCa, 'RSA') },
  ed448: { gateway: gatewayOf(root, 'Ed448'), client: clientOf(root, 'Ed448') },
  stranger: { gateway: gatewayOf(root, 'P-256'), client: withRoot(clientOf(elsewhere, 'P-256'), elsewhere) },
};

describe('certificates with RFC 7427', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await sceneOf(NEW);
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it.each([
    ['pss', 'RSA_EMSA_PSS_SHA2_256_SALT_32'],
    ['pss-chain', 'RSA_EMSA_PSS_SHA2_256_SALT_32'],
    ['ed448', 'ED448'],
  ])('%s: both ends sign with %s', async (name, scheme) => {
    const from = logOf(scene).length;
    await expectLife(scene, name, NEW[name] as Login);
    expect(signatures(scene, from)).toEqual([scheme, scheme]);
  });

  it.each(['intermediates', 'intermediates-rsa'])(
    '%s: both ends show theirs, and know the root alone',
    async (name) => {
      const from = logOf(scene).length;
      await expectLife(scene, name, NEW[name] as Login);
      const log = logOf(scene).slice(from);
      expect(log).toContain('received issuer cert "O=Adit, CN=People-CA"');
      expect(log).toContain('received issuer cert "O=Adit, CN=People"');
      expect(log).toContain('sending issuer cert "O=Adit, CN=Gateway-CA"');
    },
  );

  it('of another CA than the gateway asks for: refused, and the gateway’s wish is told', async () => {
    await expect(expectLife(scene, 'stranger', NEW['stranger'] as Login)).rejects.toThrow(
      /refused the certificate of .*\n.*asks for certificates of other CAs; ours was issued by O=Adit, CN=Elsewhere\./,
    );
  });
});

const OLD: Readonly<Record<string, Login & { readonly says: string }>> = {
  RSA: { gateway: gatewayOf(root, 'RSA'), client: clientOf(root, 'RSA'), says: 'RSA signature' },
  'P-256': {
    gateway: gatewayOf(root, 'P-256'),
    client: clientOf(root, 'P-256'),
    says: 'ECDSA-256 signature',
  },
  'P-384': {
    gateway: gatewayOf(root, 'P-384'),
    client: clientOf(root, 'P-384'),
    says: 'ECDSA-384 signature',
  },
  'P-521': {
    gateway: gatewayOf(root, 'P-521'),
    client: clientOf(root, 'P-521'),
    says: 'ECDSA-521 signature',
  },
};

describe('certificates before RFC 7427', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await sceneOf({ ...OLD, ed448: NEW['ed448'] as Login }, { signature_authentication: 'no' });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it.each(Object.keys(OLD))('%s: both ends sign by the method of old', async (name) => {
    const login = OLD[name] as (typeof OLD)[string];
    const from = logOf(scene).length;
    await expectLife(scene, name, login);
    expect(signatures(scene, from)).toEqual([login.says, login.says]);
  });

  it('Ed448 has none, and Adit says so before it says who we are', async () => {
    await expect(expectLife(scene, 'ed448', NEW['ed448'] as Login)).rejects.toThrow(
      /An Edwards key needs IDENTITY; the gateway announces no hash algorithm/,
    );
  });
});
