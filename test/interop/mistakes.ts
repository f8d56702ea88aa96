/**
 * Deliberate mistakes in what a company hands out, a row each: the file, the gateway that does not fit it, and what Adit
 * has to say. mistakes.test.ts makes them all; unit/failure/explain.test.ts holds the other languages to the same.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProfileInput } from '#core/profile/profile.ts';
import { gatewayAddress, LAB } from '#test/harness/lab.ts';
import { der, P12_PASSWORD, pkcs12 } from '#test/harness/login-files.ts';
import { GATEWAY_ID, PSK, type Way } from '#test/harness/scene.ts';
import type { Settings } from '#test/harness/settings.ts';
import { type Issued, type LeafOptions, TestPki } from '#test/harness/test-pki.ts';

export const USER = 'alice';
export const PASSWORD = 'Passwort für alle?';
const CLIENT = 'alice@lab.example';

/** Users of the RADIUS server whom MS-CHAPv2 refuses for more than a wrong password: bits of SMB-Account-CTRL. */
export const ACCOUNTS = { stale: 0x20010 } as const;

export const CRL_PORT = 8080;
const CRL_AT = `crlDistributionPoints=URI:http://${LAB.gateway.ip4}:${CRL_PORT}/ca.crl`;
/** An address behind a firewall that drops everything, and a port where nobody listens. */
export const SILENT = '192.0.2.222';
const CLOSED = { addr: LAB.gateway.ip4, port: 5555 } as const;
/** The router is a gateway of our own for what no strongSwan does: to say another name than it is asked for, and to insist. */
export const ODD = { address: '192.0.2.254', id: 'other.lab', insistsAt: 5501, group: 2 } as const;

export const pki = new TestPki();
export const ca = pki.ca('Lab-CA');
const otherCa = pki.ca('Other-CA');

const PAST = ['20200101000000Z', '20210101000000Z'] as const;
const FUTURE = ['20900101000000Z', '20910101000000Z'] as const;

const gatewayOf = (options: Partial<LeafOptions> = {}, name: string = GATEWAY_ID): Issued =>
  pki.leaf(ca, name, { usage: 'serverAuth', san: `DNS:${name}`, ...options });
const clientOf = (authority = ca, options: Partial<LeafOptions> = {}): Issued =>
  pki.leaf(authority, USER, { usage: 'clientAuth', san: `email:${CLIENT}`, ...options });

export const GATEWAYS = {
  good: gatewayOf(),
  expired: gatewayOf({ validity: PAST }),
  future: gatewayOf({ validity: FUTURE }),
  usage: gatewayOf({ usage: 'clientAuth' }),
  revoked: gatewayOf({ extensions: [CRL_AT] }),
  named: gatewayOf({}, 'vpn.lab.example'),
} as const;
const [client, clientExpired, clientForeign] = [
  clientOf(),
  clientOf(ca, { validity: PAST }),
  clientOf(otherCa),
];

export const gatewayFiles = (): Record<string, string> => {
  const files: Record<string, string> = { 'x509ca/ca.pem': ca.certificates };
  for (const [name, { certificates, key }] of Object.entries(GATEWAYS)) {
    files[`x509/${name}.pem`] = certificates;
    files[`private/${name}.pem`] = key;
  }
  return files;
};

const shows = (name: keyof typeof GATEWAYS, remote: Settings, id: string = GATEWAY_ID): Settings => ({
  local: { auth: 'pubkey', certs: `${name}.pem`, id },
  remote,
  send_certreq: 'yes',
});
const login = (auth: string): Settings => ({ auth, eap_id: '%any', id: '%any' });
const byCertificate: Settings = { auth: 'pubkey', id: '%any', cacerts: 'ca.pem' };

const SUITE = { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' };

export const WAYS: readonly Way[] = [
  { name: 'psk', clientId: 'psk.lab', ...SUITE },
  { name: 'no-pool', clientId: 'pool.lab', pools: ['empty'], ...SUITE },
  { name: 'login', gateway: shows('good', login('eap-mschapv2')) },
  { name: 'md5', gateway: shows('good', login('eap-md5')) },
  { name: 'radius', gateway: shows('good', login('eap-radius')) },
  { name: 'certificate', gateway: shows('good', byCertificate) },
  { name: 'expired', gateway: shows('expired', login('eap-mschapv2')) },
  { name: 'future', gateway: shows('future', login('eap-mschapv2')) },
  { name: 'usage', gateway: shows('usage', login('eap-mschapv2')) },
  { name: 'revoked', gateway: shows('revoked', login('eap-mschapv2')) },
  { name: 'named', gateway: shows('named', login('eap-mschapv2'), 'vpn.lab.example') },
];
const addressOf = (way: string): string => gatewayAddress(WAYS.findIndex(({ name }) => name === way));

export interface Mistake {
  readonly name: string;
  /** What the user was given, by file name. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** The option for a secret at `import`, and what is typed there. */
  readonly importWith?: readonly [option: string, input: string];
  /** The same at `up`; absent where `import` already has to refuse. */
  readonly up?: readonly [option: string, input: string] | readonly [];
  /** What the failure has, as data; `{ message }` where `import` refuses. */
  readonly data: object;
  readonly sentence: string;
  /** The gateway says no more than it says of that other mistake, so that neither can we. */
  readonly like?: string;
  /** What has to stand in the cause, and in what to do. */
  readonly because: RegExp;
  readonly remedy: RegExp;
}

const withPsk = (way: string, changes: Partial<ProfileInput> = {}): Mistake['files'] => {
  const row = WAYS.find(({ name }) => name === way);
  const profile: ProfileInput = {
    format: 'adit-profile',
    version: 1,
    name: 'Lab',
    gateway: { addresses: [addressOf(way)], id: GATEWAY_ID },
    authentication: { method: 'psk', localId: row?.clientId ?? '' },
    ike: { proposals: [SUITE.ike] },
    child: { remoteTs: [LAB.inner.net4], proposals: [SUITE.esp] },
    ...changes,
  };
  return { 'lab.json': JSON.stringify(profile) };
};

interface SswanChanges {
  readonly addr?: string;
  readonly port?: number;
  /** `null` says none. */
  readonly id?: string | null;
  readonly root?: string;
  readonly type?: string;
}

const sswan = (way: string, local: object, changes: SswanChanges = {}): Mistake['files'] => {
  const { addr = addressOf(way), id = GATEWAY_ID, root = ca.certificates, port } = changes;
  const profile = {
    uuid: '52a64d39-0d1b-4f0b-8f4f-5f3c2f7c8d11',
    name: 'Lab',
    type: changes.type ?? 'ikev2-eap',
    remote: {
      addr,
      cert: der(root),
      ...(id === null ? {} : { id }),
      ...(port === undefined ? {} : { port }),
    },
    local,
    'split-tunneling': { subnets: LAB.inner.net4 },
  };
  return { 'lab.sswan': JSON.stringify(profile) };
};

const withLogin = (way: string, changes: SswanChanges = {}, user: string = USER): Mistake['files'] =>
  sswan(way, { eap_id: user }, changes);
const withCertificate = (way: string, issued: Issued): Mistake['files'] =>
  sswan(way, { p12: pkcs12(issued), id: CLIENT }, { type: 'ikev2-cert' });

/** A PKCS#12 file with a certificate alone, as a browser exports one when nobody ticks the key. */
function withoutKey({ certificates }: Issued): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-p12-'));
  try {
    writeFileSync(join(folder, 'all'), certificates);
    const line = `pkcs12 -export -nokeys -in all -out p12 -passout pass:${P12_PASSWORD}`;
    execFileSync('openssl', line.split(' '), { cwd: folder });
    return readFileSync(join(folder, 'p12')).toString('base64');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const key = ['--secret-stdin', PSK] as const;
const password = ['--password-stdin', PASSWORD] as const;
const p12 = ['--p12-password-stdin', P12_PASSWORD] as const;

const PPTP = `[Office]
MEDIA=rastapi
Port=VPN2-0
Device=WAN Miniport (PPTP)
PhoneNumber=vpn.example.org
VpnStrategy=1
`;

export const MISTAKES: readonly Mistake[] = [
  {
    name: 'a mistyped pre-shared key',
    files: withPsk('psk'),
    importWith: ['--secret-stdin', 'another secret'],
    up: [],
    data: { cause: 'authentication-refused', method: 'psk', localId: 'psk.lab' },
    sentence: 'The gateway refused the pre-shared key of “psk.lab”.',
    because: /^The key is mistyped or an old one, the gateway does not know “psk.lab”, or /,
    remedy: /^Type the pre-shared key again/,
  },
  {
    name: 'another name of the gateway than it has, by pre-shared key',
    files: withPsk('psk', { gateway: { addresses: [addressOf('psk')], id: 'wrong.lab' } }),
    importWith: key,
    up: [],
    data: { cause: 'authentication-refused', method: 'psk', remoteId: 'wrong.lab' },
    sentence: 'The gateway refused the pre-shared key of “psk.lab”.',
    like: 'a mistyped pre-shared key',
    because: /or the gateway is not called “wrong.lab”\.$/,
    remedy: /compare both identities/,
  },
  {
    name: 'another name of a gateway that says its own',
    files: withPsk('psk', { gateway: { addresses: [ODD.address], id: GATEWAY_ID } }),
    importWith: key,
    up: [],
    data: { cause: 'identity-mismatch', expected: GATEWAY_ID, presented: ODD.id },
    sentence: 'The gateway is “other.lab”, not “gw.lab”.',
    because: /profile names another identity/,
    remedy: /correct gateway\.id/,
  },
  {
    name: 'a mistyped password',
    files: withLogin('login'),
    up: ['--password-stdin', 'another password'],
    data: { cause: 'wrong-password', user: USER },
    sentence: 'The gateway does not accept the password of “alice”.',
    because: /mistyped, or the account is locked or does not exist/,
    remedy: /^Type both again/,
  },
  {
    name: 'a user whom nobody knows',
    files: withLogin('login', {}, 'mallory'),
    up: password,
    data: { cause: 'wrong-password', user: 'mallory' },
    sentence: 'The gateway does not accept the password of “mallory”.',
    like: 'a mistyped password',
    because: /mistyped, or the account is locked or does not exist/,
    remedy: /^Type both again/,
  },
  {
    name: 'a password that has expired',
    files: withLogin('radius', {}, 'stale'),
    up: password,
    data: { cause: 'password-expired', user: 'stale' },
    sentence: 'The password of “stale” has expired.',
    because: /has to be changed/,
    remedy: /type a new password/,
  },
  {
    name: 'a mistyped password of the PKCS#12 file',
    files: withCertificate('certificate', client),
    importWith: ['--p12-password-stdin', 'another'],
    data: {},
    sentence: 'the password does not open the PKCS#12 file',
    because: /^/,
    remedy: /type it again/,
  },
  {
    name: 'a PKCS#12 file without a key',
    files: sswan('certificate', { p12: withoutKey(client), id: CLIENT }, { type: 'ikev2-cert' }),
    importWith: p12,
    data: {},
    sentence: 'the PKCS#12 file holds no private key',
    because: /^/,
    remedy: /export it with its key/,
  },
  {
    name: 'an address where nobody answers',
    files: withLogin('login', { addr: SILENT }),
    up: password,
    data: { cause: 'no-answer', tried: [{ address: SILENT, port: 500 }] },
    sentence: 'The gateway at 192.0.2.222 did not answer.',
    because: /address is wrong, the gateway is off, or something on the way drops/,
    remedy: /Check the gateway address/,
  },
  {
    name: 'a port where nobody listens',
    files: withLogin('login', CLOSED),
    up: password,
    data: { cause: 'no-answer', closed: [{ address: CLOSED.addr, port: CLOSED.port }] },
    sentence: 'Nobody listens for a VPN at 192.0.2.1:5555.',
    because: /port is closed/,
    remedy: /Check address and port/,
  },
  {
    name: 'a name that does not exist',
    files: withLogin('login', { addr: 'nowhere.invalid' }),
    up: password,
    data: { cause: 'name-not-resolved', host: 'nowhere.invalid' },
    sentence: 'The gateway’s name “nowhere.invalid” has no address.',
    because: /misspelt/,
    remedy: /Check the name/,
  },
  {
    name: 'IKE algorithms that the gateway does not take',
    files: withPsk('psk', { ike: { proposals: ['aes128-sha256-modp2048'] } }),
    importWith: key,
    up: [],
    data: { cause: 'no-proposal', protocol: 'IKE', wanted: ['aes128-sha256-modp2048'] },
    sentence: 'The gateway accepts none of the IKE algorithms we offered.',
    because: /no combination of algorithms in common/,
    remedy: /^Remove ike\.proposals from the profile/,
  },
  {
    name: 'ESP algorithms that the gateway does not take',
    files: withPsk('psk', { child: { remoteTs: [LAB.inner.net4], proposals: ['aes128-sha1'] } }),
    importWith: key,
    up: [],
    data: { cause: 'no-proposal', protocol: 'ESP', wanted: ['aes128-sha1'] },
    sentence: 'The gateway accepts none of the ESP algorithms we offered.',
    because: /no combination of algorithms in common/,
    remedy: /^Remove child\.proposals from the profile/,
  },
  {
    name: 'a key exchange that the profile does not have',
    files: withPsk('psk', { gateway: { addresses: [ODD.address], port: ODD.insistsAt } }),
    importWith: key,
    up: [],
    data: { cause: 'invalid-ke' },
    sentence: 'The gateway insists on the key exchange “modp1024”, which the profile does not allow.',
    because: /Diffie-Hellman group is not among those/,
    remedy: /add it to ike\.proposals/,
  },
  {
    name: 'networks that the gateway does not serve',
    files: withPsk('psk', { child: { remoteTs: ['172.16.0.0/16'], proposals: [SUITE.esp] } }),
    importWith: key,
    up: [],
    data: { cause: 'ts-unacceptable', saidBy: 'peer', remote: ['172.16.0.0/16'] },
    sentence: 'The gateway does not serve the networks that the profile asks for.',
    because: /traffic selectors/,
    remedy: /set child\.remoteTs/,
  },
  {
    name: 'a gateway without an address left',
    files: withPsk('no-pool'),
    importWith: key,
    up: [],
    data: { cause: 'no-address' },
    sentence: 'The gateway has no inner address for this computer.',
    because: /address pool is used up/,
    remedy: /^Try again in some minutes/,
  },
  {
    name: 'the CA of another company',
    files: withLogin('login', { root: otherCa.certificates }),
    up: password,
    data: { cause: 'certificate-rejected', fault: { fault: 'not-trusted' } },
    sentence: 'Nobody whom the profile trusts has issued the gateway’s certificate.',
    because: /lacks the company’s own CA/,
    remedy: /CA certificate and add it/,
  },
  {
    name: 'a gateway whose certificate has another name',
    files: withLogin('named', { id: null }),
    up: password,
    data: {
      cause: 'certificate-rejected',
      fault: { fault: 'wrong-name', names: ['vpn.lab.example', 'CN=vpn.lab.example'] },
    },
    sentence: 'The gateway’s certificate is for vpn.lab.example, CN=vpn.lab.example, not for 192.0.2.20.',
    because: /profile names another gateway/,
    remedy: /write that into gateway\.id/,
  },
  {
    name: 'a gateway certificate that has expired',
    files: withLogin('expired'),
    up: password,
    data: { cause: 'certificate-rejected', fault: { fault: 'expired' } },
    sentence: 'The gateway’s certificate expired on 2021-01-01.',
    because: /not renewed in time, or this computer’s clock/,
    remedy: /Check the clock/,
  },
  {
    name: 'a gateway certificate that is not valid yet',
    files: withLogin('future'),
    up: password,
    data: { cause: 'certificate-rejected', fault: { fault: 'not-yet-valid' } },
    sentence: 'The gateway’s certificate is not valid before 2090-01-01.',
    because: /clock is wrong/,
    remedy: /Check the clock/,
  },
  {
    name: 'a gateway certificate for clients',
    files: withLogin('usage'),
    up: password,
    data: { cause: 'certificate-rejected', fault: { fault: 'wrong-usage' } },
    sentence: 'The gateway’s certificate is not meant for a gateway.',
    because: /extendedKeyUsage allows clientAuth/,
    remedy: /gateway needs another certificate/,
  },
  {
    name: 'a gateway certificate that was revoked',
    files: withLogin('revoked'),
    up: password,
    data: { cause: 'certificate-rejected', fault: { fault: 'revoked', by: 'crl' } },
    sentence: 'The gateway’s certificate was revoked.',
    because: /CA has withdrawn it/,
    remedy: /^Do not connect/,
  },
  {
    name: 'a certificate of ours that has expired',
    files: withCertificate('certificate', clientExpired),
    importWith: p12,
    up: [],
    data: { cause: 'authentication-refused', expiredAt: Date.UTC(2021, 0, 1) },
    sentence: 'The gateway refused our certificate, which expired on 2021-01-01.',
    because: /not renewed/,
    remedy: /new certificate/,
  },
  {
    name: 'a certificate of ours from another company',
    files: withCertificate('certificate', clientForeign),
    importWith: p12,
    up: [],
    data: { cause: 'authentication-refused', issuer: 'O=Adit, CN=Other-CA' },
    sentence: 'The gateway refused the certificate of “alice@lab.example”, which another CA has issued.',
    because: /ours was issued by O=Adit, CN=Other-CA/,
    remedy: /certificate that this gateway takes/,
  },
  {
    name: 'a login where the gateway wants a certificate',
    files: withLogin('certificate'),
    up: password,
    data: { cause: 'authentication-refused', method: 'eap' },
    sentence: 'The gateway refused the login of “alice” before it began.',
    because: /^It wants a certificate or a pre-shared key instead/,
    remedy: /how this identity has to prove itself/,
  },
  {
    name: 'a certificate where the gateway wants a login',
    files: withCertificate('login', client),
    importWith: p12,
    up: [],
    data: { cause: 'authentication-refused', method: 'certificate' },
    sentence: 'The gateway refused the certificate of “alice@lab.example”.',
    because: /^It wants a user name and password instead/,
    remedy: /how this identity has to prove itself/,
  },
  {
    name: 'a login that only a weak method could make',
    files: withLogin('md5'),
    up: password,
    data: { cause: 'eap-method-refused', offered: ['MD5'] },
    sentence: 'Gateway and profile know no way to log in that both accept.',
    because: /offers MD5/,
    remedy: /whether MD5 is safe/,
  },
  {
    name: 'a damaged profile file',
    files: { 'lab.sswan': '{"uuid":"52a64d39-0d1b-4f0b-8f4f-5f3c2f7c8d11","name":"La' },
    data: {},
    sentence: 'lab.sswan:1: this is not valid JSON from here on',
    because: /the file is damaged/,
    remedy: /ask for it once more/,
  },
  {
    name: 'a connection that is no IPsec',
    files: { 'office.pbk': PPTP },
    data: {},
    sentence: 'office.pbk:1: Office.VpnStrategy: this entry is for PPTP, which Adit does not speak',
    because: /PPTP/,
    remedy: /ask for IKEv2/,
  },
];
