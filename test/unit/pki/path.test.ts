/** One faulty certificate per rule of RFC 5280 and RFC 4945, each refused with its own verdict. */
import { describe, expect, it } from 'vitest';
import { parseIdentification } from '#core/ike/identification.ts';
import { findPath, trustAnchors } from '#core/pki/path.ts';
import { DEFAULT_PATH_POLICY, type PathPolicy } from '#core/pki/path-policy.ts';
import type { ChainFault } from '#core/pki/verdict.ts';
import { chainFaultSchema } from '#core/pki/verdict.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import { bool, integer, nothing, oid, seq, tlv } from '#test/harness/der-writer.ts';
import {
  altNames,
  basicConstraints,
  ca,
  DAY,
  EKU,
  ecKey,
  extendedKeyUsage,
  extension,
  forge,
  gateway,
  gatewayExtensions,
  type Issued,
  issue,
  keyUsage,
  NOW,
  nameConstraints,
  rsaKey,
} from '#test/harness/x509-forge.ts';

const root = ca('O=Firm, CN=Root');
const middle = ca('O=Firm, CN=Middle', { issuer: root });
const GATEWAY = 'C=DE, O=Firm, CN=gateway';

interface Case {
  readonly chain: readonly Uint8Array[];
  readonly trust?: readonly Issued[];
  readonly policy?: Partial<PathPolicy>;
  readonly now?: number;
}

function find({ chain, trust = [root], policy = {}, now = NOW }: Case): ChainFault | readonly string[] {
  const anchors = trustAnchors(trust.map(({ certificate }) => certificate));
  const found = findPath(nodePkiCrypto, now, chain, anchors, { ...DEFAULT_PATH_POLICY, ...policy });
  return 'fault' in found ? chainFaultSchema.parse(found.fault) : found.path.map((each) => each.subjectText);
}

const named = (wants: 'IDr' | 'profile' | 'dialled', ...texts: readonly string[]): Partial<PathPolicy> => ({
  names: [
    { wants, anyOf: texts.map((text) => parseIdentification(text) ?? { type: 0, data: new Uint8Array() }) },
  ],
});

const withExtensions = (...extensions: readonly Uint8Array[]): Uint8Array[] => [
  gateway(root, { extensions }).der,
];

describe('a good path', () => {
  it('goes from the leaf through what was sent to the root that is trusted', () => {
    const leaf = gateway(middle);
    expect(find({ chain: [leaf.der, middle.der] })).toEqual([
      GATEWAY,
      'O=Firm, CN=Middle',
      'O=Firm, CN=Root',
    ]);
    expect(
      find({ chain: [leaf.der, root.der, middle.der], policy: named('IDr', 'vpn.example') }),
    ).toHaveLength(3);
  });

  it('ends at an intermediate that is trusted itself, and at a leaf that is', () => {
    const leaf = gateway(middle);
    expect(find({ chain: [leaf.der], trust: [middle] })).toEqual([GATEWAY, 'O=Firm, CN=Middle']);
    expect(find({ chain: [leaf.der], trust: [leaf] })).toEqual([GATEWAY]);
  });

  it('finds the one of two CAs of one name whose key has signed', () => {
    const twin = ca('O=Firm, CN=Middle', { issuer: root });
    expect(find({ chain: [gateway(middle).der, twin.der, middle.der] })).toHaveLength(3);
  });

  it('takes the place of a path that has a fault', () => {
    const expired = ca('O=Firm, CN=Middle', { issuer: root, key: middle.key, notAfter: NOW - DAY });
    expect(find({ chain: [gateway(middle).der, expired.der, middle.der] })).toHaveLength(3);
  });

  it('may hold RSA, Ed25519 and dates after 2050', () => {
    const rsaRoot = ca('CN=RSA', { key: rsaKey(), notAfter: Date.UTC(2090, 0, 1) });
    expect(find({ chain: [gateway(rsaRoot).der], trust: [rsaRoot], now: NOW })).toHaveLength(2);
    const late = gateway(rsaRoot, { notBefore: Date.UTC(2049, 11, 1), notAfter: Date.UTC(2061, 0, 1) });
    expect(find({ chain: [late.der], trust: [rsaRoot], now: Date.UTC(2060, 5, 1) })).toHaveLength(2);
  });

  it.each([
    ['ikeIntermediate', [keyUsage(0), extendedKeyUsage(EKU.ikeIntermediate)]],
    ['nonRepudiation alone', [keyUsage(1)]],
    ['no usage at all', [altNames('dns:vpn.example')]],
    ['an unknown extension that is not critical', [extension('1.2.3.4', nothing)]],
  ])('may have %s', (_what, extensions) => {
    expect(find({ chain: withExtensions(...extensions) })).toHaveLength(2);
  });
});

it('does not hold a renewed CA key to limits on names and lengths (RFC 5280 §6.1.3 b, §4.2.1.9)', () => {
  const limits = [basicConstraints(true, 0), nameConstraints(['dir:C=DE', 'dns:example'], [])];
  const old = ca('O=Firm, CN=Renewed', { extensions: limits });
  const renewed = ca('O=Firm, CN=Renewed', { issuer: old });
  expect(
    find({
      chain: [gateway(renewed, { extensions: [altNames('dns:vpn.example')] }).der, renewed.der],
      trust: [old],
    }),
  ).toHaveLength(3);
});

describe('each fault has its verdict', () => {
  const good = gateway(root).der;
  const flipped = Uint8Array.from(good);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  const weakRoot = ca('CN=Weak', { key: rsaKey(1024) });
  const shaRoot = ca('CN=Old', { key: rsaKey() });
  const notCa = gateway(root, { subject: 'CN=not a CA' });
  const noSign = ca('CN=no certificates', {
    issuer: root,
    extensions: [basicConstraints(true), keyUsage(6)],
  });
  const short = ca('CN=short', { extensions: [basicConstraints(true, 0), keyUsage(5)] });
  const below = ca('CN=below', { issuer: short });
  const late = ca('CN=late', { issuer: root, notAfter: NOW - 1000 });
  const mail = ca('CN=mail', {
    issuer: root,
    extensions: [basicConstraints(true), extendedKeyUsage('1.3.6.1.5.5.7.3.4')],
  });
  const only = (permitted: string[], excluded: string[] = []): Issued =>
    ca('CN=only', {
      issuer: root,
      extensions: [basicConstraints(true), nameConstraints(permitted, excluded)],
    });
  const under = (limited: Issued, ...names: string[]): Case => ({
    chain: [gateway(limited, { extensions: [altNames(...names)] }).der, limited.der],
  });

  const cases: readonly (readonly [what: string, given: Case, fault: Record<string, unknown>])[] = [
    ['nothing', { chain: [] }, { fault: 'no-certificate' }],
    [
      'too many certificates',
      { chain: Array.from({ length: 17 }, () => good) },
      { fault: 'too-many-certificates', count: 17, limit: 16 },
    ],
    ['no DER', { chain: [Uint8Array.of(0x30, 3, 1)] }, { fault: 'malformed' }],
    ['something after it', { chain: [Uint8Array.of(...good, 0)] }, { fault: 'malformed' }],
    [
      'an issuer whom nobody has',
      { chain: [gateway(middle).der] },
      { fault: 'not-trusted', subject: GATEWAY, missingIssuer: 'O=Firm, CN=Middle', selfSigned: false },
    ],
    [
      'a self-signed stranger',
      { chain: [issue({ subject: 'CN=me', extensions: gatewayExtensions() }).der] },
      { fault: 'not-trusted', missingIssuer: 'CN=me', selfSigned: true },
    ],
    [
      'another certificate than the pinned one',
      { chain: [good], policy: { pinned: gateway(root, { subject: 'CN=pinned' }).der } },
      { fault: 'not-pinned', subject: GATEWAY, expected: 'CN=pinned' },
    ],
    [
      'another name',
      { chain: [good], policy: named('profile', 'other.example') },
      {
        fault: 'wrong-name',
        wants: 'profile',
        expected: ['other.example'],
        names: ['vpn.example', '192.0.2.1', GATEWAY],
      },
    ],
    [
      'an expired leaf',
      { chain: [gateway(root, { notAfter: NOW - 1000 }).der] },
      { fault: 'expired', subject: GATEWAY, notAfter: NOW - 1000, now: NOW },
    ],
    [
      'an expired CA',
      { chain: [gateway(late).der, late.der] },
      { fault: 'expired', subject: 'CN=late', notAfter: NOW - 1000 },
    ],
    [
      'one from the future, after 2049',
      { chain: [gateway(root, { notBefore: Date.UTC(2055, 0, 1), notAfter: Date.UTC(2056, 0, 1) }).der] },
      { fault: 'not-yet-valid', subject: GATEWAY, notBefore: Date.UTC(2055, 0, 1) },
    ],
    [
      'a key that may not sign',
      { chain: withExtensions(keyUsage(2)) },
      { fault: 'wrong-usage', extension: 'keyUsage', present: ['keyEncipherment'] },
    ],
    [
      'a client certificate',
      { chain: withExtensions(extendedKeyUsage(EKU.clientAuth)) },
      { fault: 'wrong-usage', extension: 'extendedKeyUsage', present: ['clientAuth'] },
    ],
    [
      'no extended usage where the profile insists',
      { chain: withExtensions(keyUsage(0)), policy: { requireEku: true } },
      { fault: 'wrong-usage', extension: 'extendedKeyUsage', present: [] },
    ],
    [
      'a CA for mail only',
      { chain: [gateway(mail).der, mail.der] },
      { fault: 'wrong-usage', subject: 'CN=mail', present: ['emailProtection'] },
    ],
    [
      'a path longer than the root allows',
      { chain: [gateway(below).der, below.der], trust: [short] },
      { fault: 'path-too-long', subject: 'CN=short', limit: 0, length: 1 },
    ],
    [
      'an issuer that is no CA',
      { chain: [gateway(notCa).der, notCa.der] },
      { fault: 'not-a-ca', subject: 'CN=not a CA' },
    ],
    [
      'a CA that may not sign certificates',
      { chain: [gateway(noSign).der, noSign.der] },
      { fault: 'wrong-usage', subject: 'CN=no certificates', wanted: ['keyCertSign'] },
    ],
    [
      'a name that its CA may not give',
      under(only(['dns:other.example']), 'dns:vpn.example'),
      { fault: 'name-not-permitted', ca: 'CN=only', name: 'vpn.example', subject: GATEWAY },
    ],
    [
      'a name that its CA must not give',
      under(only([], ['dns:example']), 'dns:vpn.example'),
      { fault: 'name-not-permitted', name: 'vpn.example' },
    ],
    [
      'a wildcard over an excluded name',
      under(only([], ['dns:secret.vpn.example']), 'dns:*.vpn.example'),
      { fault: 'name-not-permitted', name: '*.vpn.example' },
    ],
    [
      'an address outside of the permitted net',
      under(only(['net:10.0.0.0/255.0.0.0']), 'ip:192.0.2.1'),
      { fault: 'name-not-permitted', name: '192.0.2.1' },
    ],
    [
      'a subject outside of the permitted directory',
      under(only(['dir:C=FR']), 'dns:vpn.example'),
      { fault: 'name-not-permitted', name: GATEWAY },
    ],
    [
      'an unknown critical extension',
      { chain: withExtensions(extension('1.2.3.4', nothing, true)) },
      { fault: 'unknown-critical-extension', subject: GATEWAY, oid: '1.2.3.4' },
    ],
    [
      'a signature with one bit changed',
      { chain: [flipped] },
      { fault: 'bad-signature', subject: GATEWAY, issuer: 'O=Firm, CN=Root' },
    ],
    [
      'the name of a CA, and the signature of another',
      { chain: [gateway(middle, { issuerName: 'O=Firm, CN=Root' }).der] },
      { fault: 'bad-signature', issuer: 'O=Firm, CN=Root' },
    ],
    [
      'a short RSA key of the CA',
      { chain: [gateway(weakRoot).der], trust: [weakRoot] },
      { fault: 'weak-key', subject: 'CN=Weak' },
    ],
    [
      'a short RSA key of the leaf',
      { chain: [gateway(root, { key: rsaKey(1024) }).der] },
      { fault: 'weak-key', subject: GATEWAY, detail: 'RSA with 1024 bits, at least 2048 are needed' },
    ],
    [
      'SHA-1',
      { chain: [gateway(shaRoot, { scheme: { kind: 'rsa-pkcs1', hash: 'sha1' } }).der], trust: [shaRoot] },
      { fault: 'weak-hash', hash: 'RSA with SHA-1' },
    ],
    [
      'MD5',
      {
        chain: [gateway(shaRoot, { scheme: { kind: 'rsa-pkcs1', hash: 'md5' } }).der],
        trust: [shaRoot],
        policy: { allowSha1: true },
      },
      { fault: 'weak-hash', hash: 'RSA with MD5' },
    ],
    [
      'an algorithm of nobody',
      { chain: [gateway(root, { algorithm: seq(oid('1.2.3.4')) }).der] },
      { fault: 'unsupported-algorithm', subject: GATEWAY },
    ],
    [
      'a key on a curve of nobody',
      { chain: [gateway(root, { key: ecKey('secp256k1') }).der] },
      { fault: 'unsupported-algorithm', subject: GATEWAY },
    ],
  ];

  it.each(cases)('%s', (_what, given, fault) => {
    expect(find(given)).toMatchObject(fault);
  });

  it('and what the policy allows passes', () => {
    const sha1 = gateway(shaRoot, { scheme: { kind: 'rsa-pkcs1', hash: 'sha1' } });
    expect(find({ chain: [sha1.der], trust: [shaRoot], policy: { allowSha1: true } })).toHaveLength(2);
    expect(
      find({ chain: [gateway(weakRoot).der], trust: [weakRoot], policy: { minRsaBits: 1024 } }),
    ).toHaveLength(2);
    const client = withExtensions(extendedKeyUsage(EKU.clientAuth));
    expect(find({ chain: client, policy: { purpose: 'client' } })).toHaveLength(2);
    const limited = only(['dns:example', 'dir:C=DE', 'net:192.0.2.0/255.255.255.0'], ['dns:bad.example']);
    expect(find(under(limited, 'dns:vpn.example', 'ip:192.0.2.9'))).toHaveLength(3);
  });
});

describe('RSA keys that sign for everyone', () => {
  const modulus = BigInt(`0x${'c'.repeat(511)}1`);
  const keyWith = (n: bigint, e: number): Uint8Array =>
    seq(seq(oid('1.2.840.113549.1.1.1'), nothing), tlv(3, Uint8Array.of(0), seq(integer(n), integer(e))));
  it.each([
    ['exponent 0', keyWith(modulus, 0), /exponent 0|OpenSSL/],
    ['exponent 1', keyWith(modulus, 1), /exponent 1/],
    ['an even exponent', keyWith(modulus, 4), /even exponent/],
    ['an even modulus', keyWith(modulus - 1n, 3), /even modulus/],
    ['a tiny modulus', keyWith(3233n, 17), /12 bits/],
  ])('%s', (_what, spki, detail) => {
    const fault = find({ chain: [gateway(root, { spki }).der] });
    expect(JSON.stringify(fault)).toMatch(detail);
    expect(fault).toMatchObject({ fault: expect.stringMatching(/^(weak-key|malformed)$/) });
  });
});

describe('a certificate with two meanings is malformed', () => {
  const twofold = forge({
    subject: 'CN=x',
    issuer: root,
    extensions: [],
    mangle: (der) => {
      // ecdsa-with-SHA256 becomes ecdsa-with-SHA384 where nothing signs it.
      const name = Buffer.from('2a8648ce3d040302', 'hex');
      return der.with(Buffer.from(der).lastIndexOf(name) + 7, 3);
    },
  });
  const doubled = forge({
    subject: 'CN=x',
    issuer: root,
    extensions: [altNames('dns:a'), altNames('dns:b')],
  });
  const other = forge({
    subject: 'CN=x',
    issuer: root,
    extensions: [],
    mangle: (der) => Uint8Array.from(der),
    algorithm: seq(oid('1.2.840.10045.4.3.2'), nothing),
  });
  const strange = forge({
    subject: 'CN=x',
    issuer: root,
    extensions: [extension('2.5.29.19', seq(bool(true), integer(300n << 64n)))],
  });
  it.each([
    ['an extension twice', doubled.der],
    ['one algorithm inside and another outside', twofold.der],
    ['an algorithm with parameters that it must not have', other.der],
    ['a path length beyond all numbers', strange.der],
    [
      'a name with a zero octet',
      forge({ subject: 'CN=x', issuer: root, extensions: [altNames('dns:vpn.example\0.evil')] }).der,
    ],
  ])('%s', (_what, der) => {
    expect(find({ chain: [der] })).toMatchObject({ fault: 'malformed' });
  });
});

it('gives up in a maze of certificates that name each other', () => {
  const key = ecKey();
  const a = Array.from({ length: 7 }, () => ca('CN=A', { key, issuerName: 'CN=B' }));
  const b = Array.from({ length: 7 }, () => ca('CN=B', { key, issuerName: 'CN=A' }));
  const leaf = issue({ subject: 'CN=leaf', issuer: a[0], extensions: [] });
  expect(find({ chain: [leaf, ...a, ...b].map(({ der }) => der) })).toMatchObject({ fault: 'not-trusted' });
});
