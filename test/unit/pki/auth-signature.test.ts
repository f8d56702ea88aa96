/** AUTH values of every method, both ways, and those that other implementations took and should not have. */
import { constants, createHash, type KeyObject, privateEncrypt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { decodeAlgorithm, encodeAlgorithm } from '#core/pki/algorithm.ts';
import { chooseAuth, decodeHashAlgorithms, encodeHashAlgorithms } from '#core/pki/auth-choice.ts';
import { type AuthPlan, DEFAULT_AUTH_POLICY, encodeAuthData, verifyAuth } from '#core/pki/auth-signature.ts';
import type { HashName, PublicKey, SignatureScheme } from '#core/pki/interfaces.ts';
import { decodePublicKey } from '#core/pki/public-key.ts';
import { keySigner } from '#helper/pki/signer.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import { explicit, integer, nothing, octetString, oid, seq, tlv } from '#test/harness/der-writer.ts';
import { ecKey, rsaKey, spkiOf } from '#test/harness/x509-forge.ts';
import { generateKeyPairSync } from 'node:crypto';

const OCTETS = utf8('message, nonce and prf(SK_p, ID)');
const keys = {
  rsa: rsaKey(),
  p256: ecKey('P-256'),
  p384: ecKey('P-384'),
  p521: ecKey('P-521'),
  ed25519: generateKeyPairSync('ed25519'),
  ed448: generateKeyPairSync('ed448'),
} as const;
type Name = keyof typeof keys;

const pkcs8 = (key: KeyObject): Uint8Array => Uint8Array.from(key.export({ format: 'der', type: 'pkcs8' }));
const publicKey = (name: Name): PublicKey => decodePublicKey(spkiOf(keys[name].publicKey));
const check = (
  key: PublicKey,
  method: number,
  data: Uint8Array,
  octets = OCTETS,
  policy = DEFAULT_AUTH_POLICY,
) => verifyAuth(nodePkiCrypto, key, { method, data }, octets, policy);

async function auth(name: Name, plan: AuthPlan): Promise<Uint8Array> {
  return encodeAuthData(plan, await keySigner(pkcs8(keys[name].privateKey)).sign(plan.scheme, OCTETS));
}

const pkcs1 = (hash: HashName): SignatureScheme => ({ kind: 'rsa-pkcs1', hash });
const pss = (hash: HashName, saltBytes: number): SignatureScheme => ({ kind: 'rsa-pss', hash, saltBytes });
const der = (hash: HashName): SignatureScheme => ({ kind: 'ecdsa', hash, form: 'der' });
const raw = (hash: HashName): SignatureScheme => ({ kind: 'ecdsa', hash, form: 'raw' });

const SIGNED: readonly (readonly [Name, number, SignatureScheme])[] = [
  ['rsa', 1, pkcs1('sha1')],
  ['rsa', 1, pkcs1('sha256')],
  ['rsa', 14, pkcs1('sha256')],
  ['rsa', 14, pkcs1('sha384')],
  ['rsa', 14, pkcs1('sha512')],
  ['rsa', 14, pss('sha256', 32)],
  ['rsa', 14, pss('sha384', 48)],
  ['rsa', 14, pss('sha512', 64)],
  ['rsa', 14, pss('sha256', 0)],
  ['p256', 9, raw('sha256')],
  ['p384', 10, raw('sha384')],
  ['p521', 11, raw('sha512')],
  ['p256', 14, der('sha256')],
  ['p256', 14, der('sha512')],
  ['p384', 14, der('sha384')],
  ['p521', 14, der('sha512')],
  ['ed25519', 14, { kind: 'ed25519' }],
  ['ed448', 14, { kind: 'ed448' }],
];

describe('every scheme, signed and verified', () => {
  it.each(SIGNED)('%s, method %i, %o', async (name, method, scheme) => {
    const data = await auth(name, { method, scheme });
    expect(check(publicKey(name), method, data)).toBeUndefined();
    expect(check(publicKey(name), method, data, utf8('something else'))?.fault).toBe('bad-signature');
    const changed = Uint8Array.from(data);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(check(publicKey(name), method, changed)?.fault).toBe('bad-signature');
  });

  it('has raw r and s of fixed length in the methods with a curve', async () => {
    const lengths = [
      (await auth('p256', { method: 9, scheme: raw('sha256') })).length,
      (await auth('p384', { method: 10, scheme: raw('sha384') })).length,
      (await auth('p521', { method: 11, scheme: raw('sha512') })).length,
    ];
    expect(lengths).toEqual([64, 96, 132]);
  });
});

describe('AlgorithmIdentifiers', () => {
  it.each([
    ['300d06092a864886f70d01010b0500', pkcs1('sha256')],
    ['300d06092a864886f70d0101050500', pkcs1('sha1')],
    ['300a06082a8648ce3d040303', der('sha384')],
    ['300506032b6570', { kind: 'ed25519' }],
    ['300506032b6571', { kind: 'ed448' }],
    [
      '304106092a864886f70d01010a3034a00f300d06096086480165030402010500' +
        'a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
      pss('sha256', 32),
    ],
  ] as const)('%s are those of RFC 7427 appendix A and RFC 8420', (hex, scheme) => {
    expect(toHex(encodeAlgorithm(scheme))).toBe(hex);
    expect(decodeAlgorithm(fromHex(hex))).toEqual(scheme);
  });

  it('of PSS without parameters of its own mean SHA-1 and a salt of 20', () => {
    expect(decodeAlgorithm(fromHex('300d06092a864886f70d01010a3000'))).toEqual(pss('sha1', 20));
  });
});

const sha256 = seq(oid('2.16.840.1.101.3.4.2.1'), nothing);
const mgf1 = (hash: Uint8Array): Uint8Array => seq(oid('1.2.840.113549.1.1.8'), hash);
const pssWith = (...fields: readonly Uint8Array[]): Uint8Array =>
  seq(oid('1.2.840.113549.1.1.10'), seq(...fields));
const named = (algorithm: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(algorithm.length), algorithm, new Uint8Array(256));
const salted = (salt: Uint8Array): Uint8Array =>
  named(pssWith(explicit(0, sha256), explicit(1, mgf1(sha256)), explicit(2, salt)));

describe('parameters of PSS that no key can mean', () => {
  it.each([
    ['a salt longer than the modulus', salted(integer(223)), 'malformed'],
    ['an absurd salt', salted(integer(2 ** 31)), 'malformed'],
    ['a salt beyond all numbers', salted(integer(1n << 80n)), 'malformed'],
    ['a negative salt', salted(tlv(2, Uint8Array.of(0xff))), 'malformed'],
    ['a salt that is no number', salted(octetString(Uint8Array.of(1))), 'malformed'],
    ['fields out of order', named(pssWith(explicit(1, mgf1(sha256)), explicit(0, sha256))), 'malformed'],
    [
      'another mask',
      named(pssWith(explicit(0, sha256), explicit(1, seq(oid('1.2.3'), sha256)))),
      'unsupported-algorithm',
    ],
    ['another hash in the mask', named(pssWith(explicit(0, sha256))), 'unsupported-algorithm'],
    [
      'a trailer of its own',
      named(pssWith(explicit(0, sha256), explicit(1, mgf1(sha256)), explicit(3, integer(2)))),
      'unsupported-algorithm',
    ],
    ['SHA-1, which was not announced', named(pssWith()), 'weak-hash'],
    ['no parameters', named(seq(oid('1.2.840.113549.1.1.10'))), 'malformed'],
  ])('%s', (_what, data, fault) => {
    expect(check(publicKey('rsa'), 14, data)?.fault).toBe(fault);
  });

  it('takes the longest salt that the key allows', async () => {
    const algorithm = pssWith(explicit(0, sha256), explicit(1, mgf1(sha256)), explicit(2, integer(222)));
    const signature = await keySigner(pkcs8(keys.rsa.privateKey)).sign(pss('sha256', 222), OCTETS);
    expect(
      check(publicKey('rsa'), 14, concat(Uint8Array.of(algorithm.length), algorithm, signature)),
    ).toBeUndefined();
  });
});

describe('PKCS #1 v1.5 with something added', () => {
  const digestInfo = concat(
    fromHex('3031300d060960864801650304020105000420'),
    createHash('sha256').update(OCTETS).digest(),
  );
  /** What the public key gives back is exactly `block`. */
  const signBlock = (block: Uint8Array, key = keys.rsa.privateKey): Uint8Array =>
    Uint8Array.from(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, block));
  const block = (padding: number, after: Uint8Array, info = digestInfo): Uint8Array =>
    concat(Uint8Array.of(0, 1), new Uint8Array(padding).fill(0xff), Uint8Array.of(0), info, after);
  const full = 256 - 3 - digestInfo.length;
  const algorithm = encodeAlgorithm(pkcs1('sha256'));
  const data = (signature: Uint8Array): Uint8Array =>
    concat(Uint8Array.of(algorithm.length), algorithm, signature);
  const broken = Uint8Array.from(digestInfo);
  broken[2] = 0x31;

  it('is good with nothing added', () => {
    expect(check(publicKey('rsa'), 14, data(signBlock(block(full, new Uint8Array()))))).toBeUndefined();
  });
  it.each([
    ['junk after the hash', signBlock(block(8, new Uint8Array(full - 8).fill(0x5a)))],
    ['zeros after the hash', signBlock(block(full - 16, new Uint8Array(16)))],
    ['another byte than 0xff in the padding', signBlock(block(full, new Uint8Array()).with(9, 0xfe))],
    ['a padding block of type 2', signBlock(block(full, new Uint8Array()).with(1, 2))],
    ['no DigestInfo', signBlock(block(full + 19, new Uint8Array(), digestInfo.subarray(19)))],
    ['a DigestInfo of another shape', signBlock(block(full, new Uint8Array(), broken))],
    ['an octet more than the modulus', concat(Uint8Array.of(0), signBlock(block(full, new Uint8Array())))],
    ['nothing at all', new Uint8Array()],
  ])('%s is refused', (_what, signature) => {
    expect(check(publicKey('rsa'), 14, data(signature))?.fault).toBe('bad-signature');
    expect(check(publicKey('rsa'), 1, signature)?.fault).toBe('bad-signature');
  });

  it('with exponent 3, a cube root in place of a signature is refused (Bleichenbacher)', () => {
    const { publicKey: weak } = rsaKey(2048, 3);
    const prefix = concat(
      block(8, new Uint8Array()),
      new Uint8Array(256 - 11 - digestInfo.length).fill(0xff),
    );
    const target = BigInt(`0x${toHex(prefix)}`);
    let [low, high] = [0n, 1n << 700n];
    while (low < high) {
      const middle = (low + high + 1n) / 2n;
      if (middle ** 3n <= target) low = middle;
      else high = middle - 1n;
    }
    const root = fromHex(low.toString(16).padStart(512, '0'));
    expect(check(decodePublicKey(spkiOf(weak)), 14, data(root))?.fault).toBe('bad-signature');
  });
});

describe('keys that sign for everyone are not asked', () => {
  const rsa = (n: bigint, e: number): PublicKey =>
    decodePublicKey(
      seq(seq(oid('1.2.840.113549.1.1.1'), nothing), tlv(3, Uint8Array.of(0), seq(integer(n), integer(e)))),
    );
  const modulus = BigInt(`0x${'c'.repeat(511)}1`);
  it.each([
    ['exponent 0', rsa(modulus, 0)],
    ['exponent 1', rsa(modulus, 1)],
    ['exponent 2', rsa(modulus, 2)],
    ['an even modulus', rsa(modulus - 1n, 3)],
    ['a tiny modulus', rsa(3233n, 17)],
  ])('%s', (_what, key) => {
    expect(check(key, 1, new Uint8Array(256))?.fault).toBe('weak-key');
    expect(check(key, 14, named(encodeAlgorithm(pkcs1('sha256'))))?.fault).toBe('weak-key');
  });
});

describe('AUTH of another kind than the key or the method', () => {
  it.each([
    ['rsa', 9, new Uint8Array(64), 'wrong-key'],
    ['p256', 1, new Uint8Array(64), 'wrong-key'],
    ['p256', 10, new Uint8Array(96), 'wrong-key'],
    ['p256', 9, new Uint8Array(64), 'bad-signature'],
    ['p256', 9, new Uint8Array(63), 'bad-signature'],
    ['p256', 14, concat(Uint8Array.of(15), encodeAlgorithm(pkcs1('sha256'))), 'wrong-key'],
    ['rsa', 14, new Uint8Array(), 'malformed'],
    ['rsa', 14, Uint8Array.of(200, 0x30), 'malformed'],
    ['rsa', 14, concat(Uint8Array.of(15), encodeAlgorithm(pkcs1('sha1')), new Uint8Array(256)), 'weak-hash'],
    ['rsa', 2, new Uint8Array(32), 'unsupported-method'],
    ['rsa', 3, new Uint8Array(40), 'unsupported-method'],
  ] as const)('%s, method %i', (name, method, data, fault) => {
    expect(check(publicKey(name), method, data)?.fault).toBe(fault);
  });

  it('SHA-1 in method 1 only where the policy takes it', async () => {
    const data = await auth('rsa', { method: 1, scheme: pkcs1('sha1') });
    const strict = { ...DEFAULT_AUTH_POLICY, sha1InMethod1: false };
    expect(check(publicKey('rsa'), 1, data, OCTETS, strict)?.fault).toBe('bad-signature');
  });
});

describe('the choice of a method', () => {
  const choose = (name: Name, announced: number[], rsaPss = false) => {
    const choice = chooseAuth({ facts: publicKey(name).facts, rsaPss }, announced);
    return 'fault' in choice ? choice.detail : [choice.method, choice.scheme];
  };
  it.each([
    ['rsa', [], false, [1, pkcs1('sha1')]],
    ['rsa', [1], false, [1, pkcs1('sha1')]],
    ['rsa', [1, 2, 3, 4], false, [14, pkcs1('sha256')]],
    ['rsa', [4], false, [14, pkcs1('sha512')]],
    ['rsa', [3, 4], true, [14, pss('sha384', 48)]],
    ['p256', [], false, [9, raw('sha256')]],
    ['p384', [], false, [10, raw('sha384')]],
    ['p521', [1], false, [11, raw('sha512')]],
    ['p256', [2, 3, 4], false, [14, der('sha256')]],
    ['p384', [2, 3, 4], false, [14, der('sha384')]],
    ['p521', [2], false, [14, der('sha256')]],
    ['ed25519', [2, 5], false, [14, { kind: 'ed25519' }]],
    ['ed448', [5], false, [14, { kind: 'ed448' }]],
  ] as const)('%s, announced %o, PSS %s', (name, announced, rsaPss, expected) => {
    expect(choose(name, [...announced], rsaPss)).toEqual(expected);
  });

  it('says what is missing', () => {
    expect(choose('ed25519', [2, 3])).toBe(
      'an Edwards key needs IDENTITY; the gateway announces SHA2_256, SHA2_384',
    );
    expect(choose('rsa', [], true)).toMatch(/RSASSA-PSS needs .*; the gateway announces no hash algorithm/);
  });

  it('reads and writes the notification', () => {
    expect(toHex(encodeHashAlgorithms([2, 3, 4, 5]))).toBe('0002000300040005');
    expect(decodeHashAlgorithms(fromHex('000200ff'))).toEqual([2, 255]);
    expect(() => decodeHashAlgorithms(fromHex('000200'))).toThrow(/hash algorithm/);
  });
});
