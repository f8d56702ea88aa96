/**
 * Time to connect for every way to log in, against strongSwan's client on the same host, to the same strongSwan gateway, in
 * turns; and what each of them sends for it: datagrams, fragments among them, and round trips, counted once from a
 * capture. Both ends of the comparison count the same: Adit from the helper's answer to `tunnel.up` to its event that the
 * Child SA is installed, strongSwan the whole `swanctl --initiate`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '#cli/client.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit } from '#test/harness/adit.ts';
import { gatewayAddress, Lab, LAB, POOLS } from '#test/harness/lab.ts';
import { der, mobileconfig, P12_PASSWORD, pkcs12 } from '#test/harness/login-files.ts';
import { readIke } from '#test/harness/pcap.ts';
import type { Settings } from '#test/harness/settings.ts';
import { AUTH_PLUGINS, StrongSwan } from '#test/harness/strongswan.ts';
import { type Issued, TestPki } from '#test/harness/test-pki.ts';
import { connectOnce, initiateOnce } from './connect.ts';
import { median, type Row } from './report.ts';

const GATEWAY_ID = 'gw.lab';
const USER = 'alice';
const CLIENT_ID = 'alice@lab.example';
const PASSWORD = 'a password of the benchmark';
/** The smallest that IPv6 hosts must take: with certificates everything comes in fragments. */
const FRAGMENT_BYTES = 1280;

/** One suite for both, so that nobody's first guess of a key exchange is measured. */
const IKE = 'aes256gcm16-prfsha384-ecp256';
const ESP = 'aes256gcm16';

type Key = 'RSA' | 'P-256';
type EapMethod = 'mschapv2' | 'md5' | 'ttls' | 'tls';

interface Method {
  readonly name: string;
  /** Of the gateway's certificate, and of the client's where it has one. */
  readonly key: Key;
  readonly certificate?: true;
  readonly eap?: EapMethod;
}

const METHODS: readonly Method[] = [
  { name: 'certificates, RSA 2048', key: 'RSA', certificate: true },
  { name: 'certificates, P-256', key: 'P-256', certificate: true },
  { name: 'EAP-MSCHAPv2, gateway RSA 2048', key: 'RSA', eap: 'mschapv2' },
  { name: 'EAP-MD5, gateway P-256', key: 'P-256', eap: 'md5' },
  { name: 'EAP-TTLS, gateway RSA 2048', key: 'RSA', eap: 'ttls' },
  { name: 'EAP-TLS, RSA 2048', key: 'RSA', certificate: true, eap: 'tls' },
];

const idOf = (at: number): string => `login${at}`;

export async function logins({ short }: { readonly short: boolean }): Promise<Row[]> {
  const rounds = short ? 5 : 15;
  using pki = new TestPki();
  const ca = pki.ca('Bench-CA');
  const issued = (key: Key): { gateway: Issued; client: Issued } => ({
    gateway: pki.leaf(ca, GATEWAY_ID, { usage: 'serverAuth', san: `DNS:${GATEWAY_ID}`, key }),
    client: pki.leaf(ca, USER, { usage: 'clientAuth', san: `email:${CLIENT_ID}`, key }),
  });
  const keys: Readonly<Record<Key, { gateway: Issued; client: Issued }>> = {
    RSA: issued('RSA'),
    'P-256': issued('P-256'),
  };
  const files = (whose: 'gateway' | 'client'): Record<string, string> => ({
    'x509ca/ca.pem': ca.certificates,
    ...Object.fromEntries(
      Object.entries(keys).flatMap(([key, pair]) => [
        [`x509/${key}.pem`, pair[whose].certificates],
        [`private/${key}.pem`, pair[whose].key],
      ]),
    ),
  });
  const charon: Settings = { load: AUTH_PLUGINS, fragment_size: FRAGMENT_BYTES };
  const secrets = { 'eap-alice': { id: USER, secret: PASSWORD } };
  const connections = (of: (method: Method, at: number) => Settings): Settings =>
    Object.fromEntries(METHODS.map((method, at) => [idOf(at), of(method, at)]));

  await using lab = await Lab.create({ gatewayAddresses: METHODS.length });
  await StrongSwan.start(lab.world, lab.gateway, {
    charon,
    swanctl: { connections: connections(gatewayConnection), pools: POOLS, secrets },
    files: files('gateway'),
  });
  const peer = await StrongSwan.start(lab.world, lab.client, {
    charon,
    swanctl: { connections: connections(clientConnection), secrets },
    files: files('client'),
  });
  await using adit = await Adit.start(lab.world, lab.client, {
    socket: join(lab.world.directory, 'aditd.sock'),
  });
  const client = await Client.connect(adit.socket);
  const capture = async (connect: () => Promise<unknown>): Promise<Exchange> => {
    const wire = await lab.world.capture(lab.client, 'eth0', 'wire');
    await connect();
    return exchangeOf(await readFile(await wire.stop()));
  };
  const rows: Row[] = [];
  for (const [at, method] of METHODS.entries()) {
    const id = await imported(adit, at, method, { ca: ca.certificates, client: keys[method.key].client });
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push((await connectOnce(client, id)).installed);
      theirs.push(await initiateOnce(peer, idOf(at)));
    }
    const sent = await capture(() => connectOnce(client, id));
    const sentByPeer = await capture(() => initiateOnce(peer, idOf(at)));
    rows.push(
      {
        subject: `\`up\` accepted to Child SA installed, ${method.name}`,
        unit: 'ms',
        adit: median(ours),
        peer: { name: 'swanctl --initiate', value: median(theirs) },
        goal: { atMost: 1.5 },
      },
      ...(['roundTrips', 'datagrams', 'fragments'] as const).map((what) => ({
        subject: `${WHAT[what]}, ${method.name}`,
        unit: '',
        adit: sent[what],
        peer: { name: 'strongSwan', value: sentByPeer[what] },
      })),
    );
  }
  client.close();
  return rows;
}

function gatewayConnection({ key, certificate, eap }: Method, at: number): Settings {
  return {
    version: 2,
    proposals: IKE,
    local_addrs: gatewayAddress(at),
    pools: ['p4'],
    send_certreq: 'yes',
    local: { auth: 'pubkey', certs: `${key}.pem`, id: GATEWAY_ID },
    remote:
      eap === undefined
        ? { auth: 'pubkey', id: CLIENT_ID, cacerts: 'ca.pem' }
        : { auth: `eap-${eap}`, eap_id: '%any', id: certificate ? CLIENT_ID : '%any' },
    children: { net: { local_ts: [LAB.inner.net4], esp_proposals: ESP } },
  };
}

function clientConnection({ key, certificate, eap }: Method, at: number): Settings {
  const own = certificate ? { certs: `${key}.pem`, id: CLIENT_ID } : { id: USER };
  return {
    version: 2,
    proposals: IKE,
    remote_addrs: gatewayAddress(at),
    vips: ['0.0.0.0'],
    local:
      eap === undefined
        ? { auth: 'pubkey', ...own }
        : { auth: `eap-${eap}`, eap_id: certificate ? CLIENT_ID : USER, ...own },
    remote: { auth: 'pubkey', id: GATEWAY_ID, cacerts: 'ca.pem' },
    children: { [idOf(at)]: { remote_ts: [LAB.inner.net4], esp_proposals: ESP } },
  };
}

/** Stores the profile with all its secrets: nothing is asked while the clock runs. Returns its id. */
async function imported(
  adit: Adit,
  at: number,
  { name, certificate, eap }: Method,
  { ca, client }: { readonly ca: string; readonly client: Issued },
): Promise<string> {
  const address = gatewayAddress(at);
  const child = { remoteTs: [LAB.inner.net4] };
  if (certificate === undefined && eap !== undefined && eap !== 'tls') {
    const profile: ProfileInput = {
      format: 'adit-profile',
      version: 1,
      name,
      gateway: {
        addresses: [address],
        id: GATEWAY_ID,
        authentication: { method: 'certificate', ca: [der(ca)] },
      },
      authentication: { method: 'eap', user: USER, methods: [eap] },
      ike: { proposals: [IKE] },
      child: { ...child, proposals: [ESP] },
    };
    const id = await adit.import(profile);
    await adit.run(['set-secret', id, '--password-stdin'], { input: PASSWORD });
    return id;
  }
  const file = join(adit.world.directory, `${idOf(at)}.mobileconfig`);
  const content = mobileconfig({
    name,
    gateway: { address, id: GATEWAY_ID },
    clientId: CLIENT_ID,
    ca,
    p12: pkcs12(client),
    eap: eap !== undefined,
  });
  await writeFile(file, content);
  const words = ['import', file, '--json', '--p12-password-stdin'];
  const answer = JSON.parse(await adit.run(words, { input: P12_PASSWORD })) as {
    imported: readonly { id: string; missingSecrets: readonly string[] }[];
  };
  const [first] = answer.imported;
  if (first === undefined || first.missingSecrets.length > 0)
    throw new Error(`adit import answered ${JSON.stringify(answer)}`);
  return first.id;
}

/** What a connection put on the wire, both directions, up to and with IKE_AUTH. */
interface Exchange {
  readonly roundTrips: number;
  readonly datagrams: number;
  /** Datagrams that are part of a message (RFC 7383). */
  readonly fragments: number;
}

const WHAT: Readonly<Record<keyof Exchange, string>> = {
  roundTrips: 'round trips',
  datagrams: 'datagrams, both directions',
  fragments: 'fragments among them',
};

const IKE_SA_INIT = 34;
const IKE_AUTH = 35;
const ENCRYPTED_FRAGMENT = 53;

const isFragment = (payload: Buffer): boolean => payload.readUInt8(16) === ENCRYPTED_FRAGMENT;

function exchangeOf(capture: Buffer): Exchange {
  const messages = readIke(capture)
    .map(({ payload }) => Buffer.from(payload))
    .filter((payload) => [IKE_SA_INIT, IKE_AUTH].includes(payload.readUInt8(18)));
  // Fragments of a request are one; what was sent again in another form (a cookie, another group) is another.
  const requests = messages.filter((payload) => (payload.readUInt8(19) & 0x20) === 0);
  const asked = new Set(
    requests.map((payload) =>
      isFragment(payload) ? payload.toString('hex', 0, 24) : payload.toString('hex'),
    ),
  );
  return {
    roundTrips: asked.size,
    datagrams: messages.length,
    fragments: messages.filter(isFragment).length,
  };
}
