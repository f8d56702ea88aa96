/**
 * One faulty gateway certificate for each rule of validation (RFC 5280, RFC 4945), through everything that a login asks:
 * verifyPeer with a profile, real keys, revocation data. Each is refused with a cause of its own and a sentence of its own.
 */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { explain } from '#core/failure/explain.ts';
import type { Failure } from '#core/failure/failure.ts';
import { failureSchema } from '#core/failure/failure.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import { encodeAuthData } from '#core/pki/auth-signature.ts';
import type { LogEntry } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { AuthMethod } from '#core/registry/auth-methods.ts';
import { FakeClock } from '#helper/clock-fake.ts';
import { Log } from '#helper/log/log.ts';
import { memoryCache } from '#helper/pki/revocation-cache.ts';
import { systemAnchors } from '#helper/pki/trust.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import { verifyPeer } from '#helper/tunnel/verify-peer.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { integer, nothing, oid, seq, tlv } from '#test/harness/der-writer.ts';
import {
  altNames,
  basicConstraints,
  ca,
  crl,
  crlPoint,
  DAY,
  ecKey,
  EKU,
  extendedKeyUsage,
  extension,
  gateway,
  gatewayExtensions,
  type Issued,
  keyUsage,
  nameConstraints,
  NOW,
  ocsp,
  ocspAccess,
  rsaKey,
  schemeOf,
  signWith,
  type Wanted,
} from '#test/harness/x509-forge.ts';

const HOST = 'vpn.example';
const OCTETS = utf8('what the gateway signs');
const CRL_URL = 'http://crl.example/ca.crl';
const OCSP_URL = 'http://ocsp.example/';

const root = ca('O=Firm, CN=Root');

interface Given {
  /** The leaf first. */
  readonly chain: readonly Issued[];
  readonly trust?: readonly Issued[];
  readonly proof?: object;
  readonly gatewayId?: string;
  /** What the gateway says it is. */
  readonly claimed?: string;
  readonly web?: Readonly<Record<string, Uint8Array>>;
  readonly stapled?: readonly Uint8Array[];
  readonly now?: number;
  /** Who signs in the leaf's place. */
  readonly signer?: Issued;
}

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

async function verify(given: Given): Promise<{ failure: Failure | undefined; log: readonly LogEntry[] }> {
  const { chain, trust = [root], proof = {}, gatewayId = HOST, claimed = HOST, web = {}, now = NOW } = given;
  const [leaf] = chain;
  const key = (given.signer ?? leaf ?? root).key.privateKey;
  const scheme = schemeOf(key);
  const plan = { method: AuthMethod.DIGITAL_SIGNATURE, scheme };
  const clock = new FakeClock(now);
  const log: LogEntry[] = [];
  const change: Partial<ProfileInput> = {
    gateway: {
      addresses: [HOST],
      id: gatewayId,
      authentication: { method: 'certificate', ca: trust.map(({ der }) => base64(der)), ...proof },
    },
  };
  const answer = await verifyPeer(
    {
      kind: 'verify-peer',
      claimed: parseIdentification(claimed) ?? { type: 0, data: OCTETS },
      expected: parseIdentification(gatewayId) ?? { type: 0, data: OCTETS },
      certificates: chain.map(({ der }) => der),
      ocsp: given.stapled ?? [],
      auth: { method: plan.method, data: encodeAuthData(plan, signWith(key, scheme, OCTETS)) },
      octets: OCTETS,
    },
    { profile: profileNamed('work', change), host: HOST },
    {
      service: {
        crypto: nodePkiCrypto,
        clock,
        fetcher: { fetch: ({ url }) => Promise.resolve(web[url] ?? { failed: 'nobody answers' }) },
        cache: memoryCache(),
      },
      system: systemAnchors(() => []),
    },
    new Log(clock, [(entry) => log.push(entry)]).logger('tunnel'),
  );
  return {
    failure: answer.kind === 'failed' ? failureSchema.parse(answer.failure) : undefined,
    log,
  };
}

const leafOf = (more: Partial<Wanted>, issuer = root): readonly Issued[] => [gateway(issuer, more)];
const extended = (...extensions: readonly Uint8Array[]): readonly Issued[] => leafOf({ extensions });
const under = (middle: Issued, more: Partial<Wanted> = {}): readonly Issued[] => [
  gateway(middle, more),
  middle,
];
const middleOf = (...extensions: readonly Uint8Array[]): Issued =>
  ca('O=Firm, CN=Middle', { issuer: root, extensions });
const san = (...names: readonly string[]): readonly Issued[] =>
  extended(altNames(...names), keyUsage(0), extendedKeyUsage(EKU.serverAuth));

const listed = gateway(root, { extensions: gatewayExtensions(crlPoint(CRL_URL), ocspAccess(OCSP_URL)) });
const REVOKED = { at: NOW - DAY, reason: 1 };
const flipped = (issued: Issued): Issued => ({
  ...issued,
  der: issued.der.map((octet, i, { length }) => (i === length - 1 ? octet ^ 1 : octet)),
});
const shortRoot = ca('CN=Short', { extensions: [basicConstraints(true, 0), keyUsage(5)] });
const oldRoot = ca('CN=Old', { key: rsaKey() });
const tinyKey = seq(
  seq(oid('1.2.840.113549.1.1.1'), nothing),
  tlv(3, Uint8Array.of(0), seq(integer(3233n), integer(17))),
);
const YEAR_2040 = Date.UTC(2040, 0, 1);

/** A rule, a certificate that only this rule refuses, its cause, and what the sentence must hold. */
const RULES: readonly (readonly [rule: string, given: Given, fault: object, sentence: RegExp])[] = [
  ['there is one', { chain: [], signer: root }, { fault: 'no-certificate' }, /showed no certificate/],
  [
    'a bounded number',
    { chain: Array.from({ length: 17 }, () => gateway(root)) },
    { fault: 'too-many-certificates', count: 17 },
    /far more certificates/,
  ],
  [
    'it can be read',
    { chain: [{ ...gateway(root), der: Uint8Array.of(0x30, 3, 1) }] },
    { fault: 'malformed' },
    /cannot be read/,
  ],
  [
    'somebody trusted issued it',
    { chain: leafOf({}, ca('CN=Stranger')) },
    { fault: 'not-trusted', selfSigned: false },
    /Nobody whom the profile trusts/,
  ],
  [
    'and not it itself',
    { chain: [ca('CN=me', { extensions: gatewayExtensions() })] },
    { fault: 'not-trusted', selfSigned: true },
    /signed by nobody but itself/,
  ],
  [
    'it is the pinned one',
    { chain: leafOf({}), proof: { certificate: base64(gateway(root).der) } },
    { fault: 'not-pinned' },
    /not the one that the profile insists on/,
  ],
  [
    'it carries the name of the profile',
    { chain: san('dns:other.example'), claimed: 'other.example' },
    { fault: 'wrong-name', wants: 'profile', names: ['other.example', 'C=DE, O=Firm, CN=gateway'] },
    /is for other\.example, C=DE, O=Firm, CN=gateway, not for vpn\.example/,
  ],
  [
    'and the name that is claimed',
    { chain: leafOf({}), claimed: 'else.example' },
    { fault: 'wrong-name', wants: 'IDr' },
    /not for else\.example/,
  ],
  [
    'it has not expired',
    { chain: leafOf({ notAfter: Date.UTC(2029, 1, 28) }) },
    { fault: 'expired', notAfter: Date.UTC(2029, 1, 28) },
    /expired on 2029-02-28/,
  ],
  [
    'it is valid already, after 2038 too',
    { chain: leafOf({ notBefore: YEAR_2040, notAfter: Date.UTC(2060, 0, 1) }) },
    { fault: 'not-yet-valid', notBefore: YEAR_2040 },
    /not valid before 2040-01-01/,
  ],
  [
    'nobody has revoked it (CRL)',
    {
      chain: [listed],
      web: { [CRL_URL]: crl(root, { revoked: [{ serial: listed.certificate.serial, ...REVOKED }] }) },
    },
    { fault: 'revoked', by: 'crl' },
    /was revoked/,
  ],
  [
    'a strict profile knows whether it was revoked',
    { chain: [listed], proof: { revocation: { strict: true } } },
    { fault: 'revocation-unknown' },
    /Nobody could say whether/,
  ],
  [
    'its key may sign',
    { chain: extended(altNames(`dns:${HOST}`), keyUsage(2)) },
    { fault: 'wrong-usage', extension: 'keyUsage', present: ['keyEncipherment'] },
    /may not sign, which it has to do/,
  ],
  [
    'it is for gateways',
    { chain: extended(altNames(`dns:${HOST}`), extendedKeyUsage(EKU.clientAuth)) },
    { fault: 'wrong-usage', extension: 'extendedKeyUsage', present: ['clientAuth'] },
    /not meant for a gateway/,
  ],
  [
    'its CA may issue certificates',
    { chain: under(middleOf(basicConstraints(true), keyUsage(6))) },
    { fault: 'wrong-usage', wanted: ['keyCertSign'] },
    /may not issue certificates/,
  ],
  [
    'no longer path than a CA allows',
    { chain: under(ca('CN=below', { issuer: shortRoot })), trust: [shortRoot] },
    { fault: 'path-too-long', limit: 0, length: 1 },
    /may not stand that far above/,
  ],
  [
    'its issuer is a CA (basicConstraints missing)',
    { chain: under(middleOf(keyUsage(5))) },
    { fault: 'not-a-ca', detail: 'no basicConstraints' },
    /issued by a certificate that is no CA/,
  ],
  [
    'a name that its CA may give',
    {
      chain: under(middleOf(basicConstraints(true), keyUsage(5), nameConstraints(['dns:firm.example'], []))),
    },
    { fault: 'name-not-permitted', name: HOST },
    /a name that its CA may not give out/,
  ],
  [
    'no critical extension that nobody knows',
    { chain: leafOf({ extensions: gatewayExtensions(extension('1.2.3.4', nothing, true)) }) },
    { fault: 'unknown-critical-extension', oid: '1.2.3.4' },
    /a rule that Adit does not know/,
  ],
  [
    'an unbroken signature',
    { chain: [flipped(gateway(root))] },
    { fault: 'bad-signature' },
    /forged or damaged/,
  ],
  [
    'a strong key',
    { chain: leafOf({ key: rsaKey(1024) }) },
    { fault: 'weak-key', detail: 'RSA with 1024 bits, at least 2048 are needed' },
    /a key that is too weak/,
  ],
  [
    'a strong hash',
    { chain: leafOf({ scheme: { kind: 'rsa-pkcs1', hash: 'sha1' } }, oldRoot), trust: [oldRoot] },
    { fault: 'weak-hash', hash: 'RSA with SHA-1' },
    /a hash that is too weak/,
  ],
  [
    'an algorithm that somebody knows',
    { chain: leafOf({ key: ecKey('secp256k1') }) },
    { fault: 'unsupported-algorithm' },
    /an algorithm that Adit does not know/,
  ],
];

describe('each rule has its cause and its sentence', () => {
  it.each(RULES)('%s', async (_rule, given, fault, sentence) => {
    const { failure } = await verify(given);
    expect(failure).toMatchObject({ cause: 'certificate-rejected', fault });
    expect(failure && explain(failure).sentence).toMatch(sentence);
  });

  it('and no two share one', async () => {
    const failures = await Promise.all(RULES.map(([, given]) => verify(given)));
    const said = failures.flatMap(({ failure }) => (failure ? [explain(failure).sentence] : []));
    expect(new Set(said).size).toBe(RULES.length);
  });
});

describe('the same rules, other certificates', () => {
  it.each<readonly [string, Given, object]>([
    [
      'an expired CA',
      { chain: under(ca('CN=late', { issuer: root, notAfter: NOW - 1000 })) },
      { fault: 'expired' },
    ],
    [
      'an issuer that says it is no CA',
      { chain: under(middleOf(basicConstraints(false), keyUsage(5))) },
      { fault: 'not-a-ca', detail: 'CA is false' },
    ],
    [
      'a name that is excluded',
      { chain: under(middleOf(basicConstraints(true), nameConstraints([], [`dns:${HOST}`]))) },
      { fault: 'name-not-permitted' },
    ],
    [
      'a CA with an unknown critical extension',
      { chain: under(middleOf(basicConstraints(true), extension('1.2.3.5', nothing, true))) },
      { fault: 'unknown-critical-extension', oid: '1.2.3.5' },
    ],
    [
      'a tiny modulus',
      { chain: leafOf({ spki: tinyKey }) },
      { fault: expect.stringMatching(/weak-key|malformed/) },
    ],
    [
      'the common name in place of a SAN',
      { chain: leafOf({ subject: `CN=${HOST}`, extensions: [] }) },
      { fault: 'wrong-name' },
    ],
    [
      'a responder that says it was revoked',
      { chain: [listed], web: { [OCSP_URL]: ocsp(listed.certificate, root, { status: REVOKED }) } },
      { fault: 'revoked', by: 'ocsp' },
    ],
    [
      'a stapled answer that says so (RFC 4806)',
      { chain: [listed], stapled: [ocsp(listed.certificate, root, { status: REVOKED })] },
      { fault: 'revoked', by: 'ocsp' },
    ],
    [
      'a stapled answer of nobody',
      {
        chain: [listed],
        proof: { revocation: { strict: true } },
        stapled: [ocsp(listed.certificate, ca('O=Firm, CN=Root'))],
      },
      { fault: 'revocation-unknown' },
    ],
  ])('%s', async (_what, given, fault) => {
    expect((await verify(given)).failure).toMatchObject({ cause: 'certificate-rejected', fault });
  });

  it.each([
    ['*.example', HOST],
    ['vpn.*', HOST],
    ['v*.firm.example', 'vpn.firm.example'],
    ['*.firm.example', 'firm.example'],
    ['*.firm.example', 'a.b.firm.example'],
  ])('the wildcard %s does not speak for %s', async (pattern, name) => {
    const { failure } = await verify({ chain: san(`dns:${pattern}`), gatewayId: name, claimed: name });
    expect(failure).toMatchObject({ fault: { fault: 'wrong-name', expected: [name] } });
  });
});

describe('what is right passes', () => {
  it.each<readonly [string, Given]>([
    ['a leaf under the root', { chain: leafOf({}) }],
    ['a chain', { chain: under(middleOf(basicConstraints(true, 0), keyUsage(5))) }],
    [
      'a wildcard for one label',
      { chain: san('dns:*.firm.example'), gatewayId: 'a.firm.example', claimed: 'a.firm.example' },
    ],
    [
      'dates beyond 2038',
      {
        chain: leafOf(
          { notBefore: YEAR_2040, notAfter: Date.UTC(2060, 0, 1) },
          ca('O=Firm, CN=Root', { key: root.key, notAfter: Date.UTC(2070, 0, 1) }),
        ),
        trust: [ca('O=Firm, CN=Root', { key: root.key, notAfter: Date.UTC(2070, 0, 1) })],
        now: Date.UTC(2041, 0, 1),
      },
    ],
    [
      'the pinned one, whatever its name',
      { chain: [listed], gatewayId: 'x.example', proof: { certificate: base64(listed.der) } },
    ],
    [
      'the pinned one, which need not be sent',
      { chain: [], signer: listed, proof: { certificate: base64(listed.der) } },
    ],
    [
      'a stapled answer alone, with a strict profile',
      {
        chain: [listed],
        proof: { revocation: { strict: true } },
        stapled: [ocsp(listed.certificate, root)],
      },
    ],
  ])('%s', async (_what, given) => {
    expect((await verify(given)).failure).toBeUndefined();
  });

  it('but not with the signature of another key', async () => {
    const { failure } = await verify({ chain: leafOf({}), signer: gateway(root) });
    expect(failure).toMatchObject({ cause: 'peer-authentication-failed', method: 'certificate' });
  });
});

describe('the log', () => {
  const levels = async (given: Given): Promise<string[]> =>
    (await verify(given)).log.map(({ level, message }) => `${level} ${message}`);

  it('warns of a responder that is silent, and only mentions that there is none', async () => {
    expect(await levels({ chain: [listed] })).toEqual([
      expect.stringMatching(/^warn whether it was revoked is not known: .*nobody answers/),
      expect.stringMatching(/^info the gateway is vpn\.example/),
    ]);
    expect(await levels({ chain: leafOf({}) })).toEqual([
      'info the certificate of C=DE, O=Firm, CN=gateway names nobody who could say whether it was revoked',
      expect.stringMatching(/^info the gateway is/),
    ]);
    const unasked = { chain: leafOf({}), proof: { revocation: { crl: false, ocsp: false } } };
    expect(await levels(unasked)).toHaveLength(1);
  });
});
