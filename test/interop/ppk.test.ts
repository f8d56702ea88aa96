/** A post-quantum pre-shared key (RFC 8784) with a real strongSwan, which has them since 5.7, as gateway and as client. */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedGateway, type EmbeddedGatewayConfig } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { type Daemon, until } from '#test/harness/process.ts';
import type { Settings } from '#test/harness/settings.ts';
import { AUTH_PLUGINS, StrongSwan } from '#test/harness/strongswan.ts';
import { TestPki } from '#test/harness/test-pki.ts';
import { Traffic } from '#test/harness/traffic.ts';

const PSK = 'lab secret';
const NAME = 'client-2026';
const PPK = `${NAME}:a post-quantum secret of the lab`;
const [, SECRET = ''] = PPK.split(':');
const LOGIN = 'alice:password';
const AGENT = fileURLToPath(new URL('../harness/ikev2-udp-agent.ts', import.meta.url));

interface Told {
  readonly type: string;
  readonly ppk?: true;
  readonly failure?: { readonly cause: string };
}

interface Gateway {
  /** How clients log in. */
  readonly remote?: Settings;
  readonly required?: boolean;
  /** Its post-quantum keys by name. */
  readonly ppks?: Readonly<Record<string, string>>;
}

describe('our post-quantum key at a strongSwan gateway', () => {
  let lab: Lab;
  let strongswan: StrongSwan;
  let client: Daemon | undefined;

  beforeAll(async () => {
    lab = await Lab.create();
    strongswan = await StrongSwan.start(lab.world, lab.gateway, {
      swanctl: { connections: {} },
      charon: { load: AUTH_PLUGINS },
    });
  });
  afterEach(async () => {
    await client?.stop();
    client = undefined;
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  const told = (type: string): Told[] =>
    (client?.output ?? '')
      .split('\n')
      .filter((line) => line.startsWith(`{"type":"${type}"`))
      .map((line) => JSON.parse(line) as Told);
  const heard = async (type: string, count = 1) =>
    until(`${count} ${type}`, () => told(type).length >= count, { context: () => client?.output ?? '' });

  const gateway = async ({ remote = { auth: 'psk' }, required = false, ppks = {} }: Gateway): Promise<void> =>
    strongswan.load({
      connections: {
        lab: {
          version: 2,
          pools: ['p4'],
          ppk_required: required ? 'yes' : 'no',
          local: { auth: 'psk', id: 'gw.lab' },
          remote,
          children: { net: { local_ts: [LAB.inner.net4], esp_proposals: 'aes256gcm16' } },
        },
      },
      pools: POOLS,
      secrets: {
        'ike-lab': { secret: PSK },
        'eap-alice': { id: 'alice', secret: 'password' },
        ...Object.fromEntries(Object.entries(ppks).map(([id, secret]) => [`ppk-${id}`, { id, secret }])),
      },
    });

  const connect = (...options: readonly string[]): void => {
    const words = [LAB.client.ip4, LAB.gateway.ip4, PSK, LAB.inner.net4, ...options];
    client = lab.client.start([process.execPath, AGENT, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  };
  /** What the gateway has written of PPKs since. */
  const logged = async (command: () => Promise<void>): Promise<string> => {
    const before = (await strongswan.log()).length;
    await command();
    return (await strongswan.log()).slice(before);
  };
  const failure = async (): Promise<Told['failure']> => {
    await heard('closed');
    return told('closed')[0]?.failure;
  };

  it.each([
    ['the pre-shared key', { auth: 'psk' }, []],
    ['EAP-MSCHAPv2, which leaves an MSK', { auth: 'eap-mschapv2', eap_id: '%any' }, ['--login', LOGIN]],
    ['EAP-MD5, which leaves none', { auth: 'eap-md5', eap_id: '%any' }, ['--login', LOGIN]],
  ] as const)('is in the keys of both after %s, and of their heirs', async (_what, remote, options) => {
    for (const required of [true, false]) {
      await gateway({ remote, required, ppks: { [NAME]: SECRET } });
      const log = await logged(async () => {
        connect('--ppk', PPK, ...(required ? ['--ppk-required'] : []), ...options);
        await heard('child-installed');
      });
      expect(log).toContain(`using PPK for PPK_ID '${NAME}'`);
      expect(told('ike-established').map(({ ppk }) => ppk)).toEqual([true]);
      // The heir's keys come from SK_d: what is asked under it would not be answered otherwise.
      client?.child.stdin?.write('rekey\n');
      await heard('ike-rekeyed');
      const [installed] = told('child-installed') as readonly { readonly spiIn?: number }[];
      client?.child.stdin?.write(`rekey ${installed?.spiIn}\n`);
      await heard('child-installed', 2);
      expect(told('ike-rekeyed').map(({ ppk }) => ppk)).toEqual([true]);
      expect(told('closed')).toEqual([]);
      await client?.stop();
    }
  });

  it('is left out where neither insists and the gateway knows another one', async () => {
    await gateway({ ppks: { another: SECRET } });
    const log = await logged(async () => {
      connect('--ppk', PPK);
      await heard('child-installed');
    });
    expect(log).toContain(`no PPK for '${NAME}' found`);
    expect(told('ike-established').map(({ ppk }) => ppk)).toEqual([undefined]);
    client?.child.stdin?.write('rekey\n');
    await heard('ike-rekeyed');
  });

  it('is missed before we say who we are where the gateway has none', async () => {
    await gateway({});
    connect('--ppk', PPK, '--ppk-required');
    expect(await failure()).toEqual({ cause: 'ppk-unsupported' });
  });

  it('is left out where the gateway has none and we do not insist', async () => {
    await gateway({});
    connect('--ppk', PPK);
    await heard('child-installed');
    expect(told('ike-established').map(({ ppk }) => ppk)).toEqual([undefined]);
  });

  it.each([
    ['holds another secret', { ppks: { [NAME]: 'another secret' } }, ['--ppk', PPK]],
    ['insists and does not know it', { ppks: { another: SECRET }, required: true }, ['--ppk', PPK]],
    ['does not know it, and we insist', { ppks: { another: SECRET } }, ['--ppk', PPK, '--ppk-required']],
  ] as const)('is named in the refusal of a gateway that %s', async (_what, settings, options) => {
    await gateway(settings);
    connect(...options);
    expect(await failure()).toMatchObject({ cause: 'authentication-refused', method: 'psk', ppk: true });
  });

  it('is what a gateway that insists misses', async () => {
    await gateway({ required: true, ppks: { [NAME]: SECRET } });
    connect();
    expect(await failure()).toMatchObject({ cause: 'authentication-refused', method: 'psk' });
    expect(await failure()).not.toHaveProperty('ppk');
  });
});

describe('the post-quantum key of a strongSwan client at our gateway', () => {
  const pki = new TestPki();
  const ca = pki.ca('Lab-CA');
  const server = pki.leaf(ca, 'gw.lab', { usage: 'serverAuth', san: 'DNS:gw.lab' });
  const own = pki.leaf(ca, 'client.lab', { usage: 'clientAuth', san: 'DNS:client.lab' });
  let lab: Lab;
  let client: StrongSwan;
  let url: string;

  beforeAll(async () => {
    lab = await Lab.create();
    client = await StrongSwan.start(lab.world, lab.client, {
      swanctl: { connections: {} },
      charon: { load: AUTH_PLUGINS },
      files: {
        'x509ca/ca.pem': ca.certificates,
        'x509/client.pem': own.certificates,
        'private/client.pem': own.key,
      },
    });
    const { port } = await Traffic.on(lab.gateway).serve(LAB.inner.ip4);
    url = `http://${LAB.inner.ip4}:${port}`;
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
    pki[Symbol.dispose]();
  });

  const psk: Settings = { local: { auth: 'psk', id: 'client.lab' }, remote: { auth: 'psk', id: 'gw.lab' } };
  const byCertificate: Settings = {
    local: { auth: 'pubkey', id: 'client.lab', certs: 'client.pem' },
    remote: { auth: 'pubkey', id: 'gw.lab' },
  };
  const eap: Settings = { auth: 'eap', id: 'client.lab', eap_id: 'alice' };
  const users = { alice: 'password' };

  type Login = readonly [string, Settings, Pick<EmbeddedGatewayConfig, 'certificate' | 'clients'>];
  const LOGINS: readonly Login[] = [
    ['a pre-shared key', psk, {}],
    [
      'a certificate',
      byCertificate,
      { certificate: server, clients: { method: 'certificate', ca: ca.certificates } },
    ],
    [
      'EAP-MSCHAPv2',
      { ...byCertificate, local: eap },
      { certificate: server, clients: { method: 'eap', users } },
    ],
    [
      'EAP-MD5',
      { ...byCertificate, local: eap },
      { certificate: server, clients: { method: 'eap', users, eap: ['MD5'] } },
    ],
    [
      'a certificate and EAP',
      { ...byCertificate, 'local-2': eap },
      { certificate: server, clients: { method: 'certificate-eap', users, ca: ca.certificates } },
    ],
  ];

  /** What the client writes while files come through the tunnel. */
  async function life(
    settings: Settings,
    required: boolean,
    gateway: Partial<EmbeddedGatewayConfig>,
  ): Promise<string> {
    await using _gateway = await EmbeddedGateway.start(lab.gateway, {
      localId: 'gw.lab',
      keys: { 'client.lab': PSK },
      pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
      dns: [],
      localTs: [LAB.inner.net4],
      ...gateway,
    });
    await client.load({
      connections: {
        lab: {
          version: 2,
          remote_addrs: LAB.gateway.ip4,
          vips: ['0.0.0.0'],
          ppk_id: NAME,
          ppk_required: required ? 'yes' : 'no',
          ...settings,
          children: { net: { remote_ts: [LAB.inner.net4], esp_proposals: 'aes256gcm16' } },
        },
      },
      secrets: {
        'ike-lab': { secret: PSK },
        'eap-alice': { id: 'alice', secret: 'password' },
        'ppk-lab': { id: NAME, secret: SECRET },
      },
    });
    const before = (await client.log()).length;
    await client.initiate('net');
    const moved = await Traffic.on(lab.client).download(`${url}/10000`);
    expect(moved).toMatchObject({ bytes: 10_000, sha256: moved.expected });
    await client.terminate({ ike: 'lab' });
    return (await client.log()).slice(before);
  }

  it.each(LOGINS)('is in the keys of both after %s', async (_what, settings, gateway) => {
    for (const required of [true, false]) {
      const log = await life(settings, required, {
        ...gateway,
        ppks: { [NAME]: SECRET },
        ppkRequired: required,
      });
      expect(log).toContain(`using PPK for PPK_ID '${NAME}'`);
    }
  });

  it.each(LOGINS)('is left out after %s where we do not know it', async (_what, settings, gateway) => {
    const log = await life(settings, false, { ...gateway, ppks: { another: SECRET } });
    expect(log).toContain(`peer didn't use PPK for PPK_ID '${NAME}'`);
  });
});
