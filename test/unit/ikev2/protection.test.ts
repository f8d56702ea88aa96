/** The SK payload (RFC 7296 §3.14, RFC 5282) under every cipher. */
import { describe, expect, it } from 'vitest';
import { concat, EMPTY, fromHex, toHex } from '#core/bytes/bytes.ts';
import { ENCRYPTION_ROWS, encryptionKeyBytes, encryptionRow } from '#core/crypto/encryption.ts';
import { integrityRow } from '#core/crypto/integrity.ts';
import type { EncryptionRow, IkeSuite, IntegrityRow } from '#core/crypto/interfaces.ts';
import { keyExchangeRow } from '#core/crypto/key-exchange.ts';
import { prfRow } from '#core/crypto/prf.ts';
import { encodeChain } from '#core/ikev2/chain.ts';
import { encodeIkeHeader } from '#core/ikev2/message.ts';
import type { IkeHeader, Payload } from '#core/ikev2/payload-types.ts';
import { createProtection } from '#core/ikev2/protection.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { prfs } from '#core/registry/prfs.ts';
import { sealOctets, type Unsealed } from '#test/harness/ikev2-seal.ts';
import { seededRandom } from '#test/unit/crypto/fixed-random.ts';

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a row is missing');
  return value;
};
const sha256 = must(integrityRow(integrityAlgorithms.byName.AUTH_HMAC_SHA2_256_128));
const prf = must(prfRow(prfs.byName.PRF_HMAC_SHA2_256));
const keyExchange = must(keyExchangeRow(keyExchangeMethods.byName.Curve25519));
const suiteOf = (encryption: EncryptionRow, integrity: IntegrityRow = sha256): IkeSuite => ({
  encryption,
  prf,
  keyExchange,
  ...(encryption.kind === 'aead' ? {} : { integrity }),
});
const keysOf = (suite: IkeSuite): { encryption: Uint8Array; integrity: Uint8Array } => ({
  encryption: seededRandom('encryption')(encryptionKeyBytes(suite.encryption)),
  integrity: suite.integrity ? seededRandom('integrity')(suite.integrity.keyBytes) : EMPTY,
});

const header: IkeHeader = {
  spiI: fromHex('0102030405060708'),
  spiR: fromHex('1112131415161718'),
  majorVersion: 2,
  minorVersion: 0,
  exchange: 37,
  fromInitiator: true,
  versionFlag: false,
  response: false,
  messageId: 7,
};
const payloads: Payload[] = [
  { kind: 'N', type: 16384, protocol: 0, spi: EMPTY, data: fromHex('beef') },
  { kind: 'V', data: fromHex('cafe') },
];

const usable = ENCRYPTION_ROWS.filter(({ kind }) => kind !== 'null');
const label = ({ name, keyBits }: EncryptionRow): string => `${name} ${keyBits ?? ''}`;

describe.each(usable.map((row) => [label(row), row] as const))('%s', (_, encryption) => {
  const suite = suiteOf(encryption);
  const make = () => createProtection(suite, keysOf(suite), seededRandom('iv'));

  it('opens what it seals, for every length around the block', () => {
    const protection = make();
    for (let length = 0; length < 40; length++) {
      const list: Payload[] = [{ kind: 'V', data: new Uint8Array(length).fill(length) }];
      const bytes = protection.seal(header, list);
      expect(bytes[27]).toBe(bytes.length);
      expect(make().open(bytes)).toEqual({
        outcome: 'ok',
        message: {
          header,
          payloads: list,
          inside: { front: bytes.subarray(0, 32), content: encodeChain(list).bytes },
        },
        protected: true,
      });
    }
  });

  it('seals nothing too: an empty INFORMATIONAL', () => {
    expect(make().open(make().seal(header, []))).toMatchObject({
      outcome: 'ok',
      message: { header, payloads: [], inside: { content: new Uint8Array() } },
      protected: true,
    });
  });

  it('hides what is in it and never repeats itself', () => {
    const protection = make();
    const secret: Payload[] = [{ kind: 'V', data: new Uint8Array(64).fill(0x41) }];
    const sealed = Array.from({ length: 20 }, () => toHex(protection.seal(header, secret)));
    expect(sealed.join()).not.toContain('41'.repeat(16));
    // The IV is the first thing behind the generic header of SK.
    expect(new Set(sealed.map((hex) => hex.slice(64, 64 + 2 * encryption.ivBytes))).size).toBe(20);
  });

  it('takes no message with a changed octet, wherever it stands', () => {
    const protection = make();
    const bytes = protection.seal(header, payloads);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.map((octet, i) => (i === at ? octet ^ 0x01 : octet));
      const decoded = protection.open(changed);
      expect(decoded, `octet ${at}`).toMatchObject({ outcome: 'unprotected-error' });
      // A changed version is answered as every higher one is; nothing else is.
      expect('notify' in decoded).toBe(at === 17 && (changed[17] ?? 0) >> 4 > 2);
    }
  });

  it('takes no shorter message', () => {
    const protection = make();
    const bytes = protection.seal(header, payloads);
    for (let length = 0; length < bytes.length; length++) {
      expect(protection.open(bytes.subarray(0, length)).outcome).toBe('unprotected-error');
      expect(protection.open(resize(bytes, length)).outcome).toBe('unprotected-error');
    }
  });

  it('takes nothing under another key', () => {
    const keys = keysOf(suite);
    const other = {
      ...keys,
      encryption: keys.encryption.map((octet) => octet ^ 1),
      integrity: keys.integrity.map((octet) => octet ^ 1),
    };
    const decoded = createProtection(suite, other, seededRandom('iv')).open(make().seal(header, payloads));
    expect(decoded).toEqual({ outcome: 'unprotected-error', header, detail: 'wrong integrity check value' });
  });
});

/** A datagram cut to `length` whose header and SK payload agree with that. */
function resize(bytes: Uint8Array, length: number): Uint8Array {
  const cut = bytes.slice(0, length);
  if (length >= 28) cut[27] = length;
  if (length >= 32) cut[31] = length - 28;
  return cut;
}

describe('initialisation vectors', () => {
  it('of counter modes count, and ask for no random octets', () => {
    const suite = suiteOf(must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_GCM_16, 128)));
    const protection = createProtection(suite, keysOf(suite), () => {
      throw new Error('no random octets are needed');
    });
    const ivs = [0, 1, 2].map(() => toHex(protection.seal(header, payloads)).slice(64, 80));
    expect(ivs).toEqual(['0000000000000000', '0000000000000001', '0000000000000002']);
  });

  it('of CBC are what the generator gives', () => {
    const suite = suiteOf(must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 128)));
    const protection = createProtection(suite, keysOf(suite), (length) => new Uint8Array(length).fill(0x5a));
    expect(toHex(protection.seal(header, payloads)).slice(64, 96)).toBe('5a'.repeat(16));
  });
});

/** Payloads in hex and their padding: one block of 16 octets. */
const block = (hex: string, padLength = 15 - hex.length / 2): Uint8Array =>
  concat(fromHex(hex), new Uint8Array(15 - hex.length / 2), Uint8Array.of(padLength));

describe('authentic nonsense', () => {
  const cbc = suiteOf(must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 128)));
  const keys = keysOf(cbc);
  const protection = createProtection(cbc, keys, seededRandom('iv'));

  const seal = (first: number, plaintext: Uint8Array, outside?: Unsealed['outside']): Uint8Array =>
    sealOctets(cbc, keys, { header, first, plaintext, ...(outside ? { outside } : {}) });

  it('is built right here: the same way an empty message opens', () => {
    expect(protection.open(seal(0, block('')))).toMatchObject({ outcome: 'ok', protected: true });
  });

  it('has any octets as padding, even more than a block', () => {
    const padded = concat(fromHex('00000004'), new Uint8Array(27).fill(0xaa), Uint8Array.of(27));
    expect(protection.open(seal(43, padded))).toMatchObject({
      outcome: 'ok',
      message: { payloads: [{ kind: 'V' }] },
    });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['padding longer than the plaintext', seal(0, block('', 16)), /pad length: is 16 of 16/],
    ['no ciphertext at all', seal(0, EMPTY), /empty|multiple/],
    ['half a block', seal(0, new Uint8Array(8)), /not a multiple of the block/],
    ['octets behind the last payload', seal(43, block('0000000400')), /1 octets too many/],
    ['a payload that is cut off', seal(43, block('000000ff')), /V payload/],
    ['a broken body', seal(40, block('00000005ff')), /nonce/],
    ['SK inside SK', seal(46, block('00000004')), /Encrypted payload inside/],
    ['a broken payload in front', seal(0, block(''), { first: 40, bytes: fromHex('2e000005ff') }), /nonce/],
  ])('%s is answered with INVALID_SYNTAX', (_, bytes, why) => {
    expect(protection.open(bytes)).toMatchObject({
      outcome: 'protected-error',
      header,
      notify: 7,
      notifyData: EMPTY,
      detail: expect.stringMatching(why) as unknown,
    });
  });

  it.each([
    ['inside', seal(200, block('00800004'))],
    ['in front', seal(0, block(''), { first: 200, bytes: fromHex('2e800004') })],
  ])('an unknown critical payload %s is answered with its type', (_, bytes) => {
    expect(protection.open(bytes)).toMatchObject({
      outcome: 'protected-error',
      notify: 1,
      notifyData: Uint8Array.of(200),
    });
  });

  it('payloads in front of SK have no say', () => {
    const { first, bytes } = encodeChain([{ kind: 'D', protocol: 1, spis: [] }]);
    const linked = bytes.slice();
    linked[0] = 46;
    expect(protection.open(seal(43, block('00000004'), { first, bytes: linked }))).toMatchObject({
      outcome: 'ok',
      message: { header, payloads: [{ kind: 'V', data: EMPTY }] },
      protected: true,
    });
  });
});

describe('what is not for the keys', () => {
  const suite = suiteOf(must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_GCM_16, 128)));
  const protection = createProtection(suite, keysOf(suite), seededRandom('iv'));

  it.each([
    ['no SK', concat(encodeIkeHeader(header, 43, 4), fromHex('00000004')), 'no Encrypted payload'],
    ['no payload', encodeIkeHeader(header, 0, 0), 'no Encrypted payload'],
    [
      'a fragment',
      concat(encodeIkeHeader(header, 53, 40), fromHex('00000028'), new Uint8Array(36)),
      'a fragment, but fragmentation was not negotiated',
    ],
    [
      'an SK that cannot hold IV and ICV',
      concat(encodeIkeHeader(header, 46, 27), fromHex('0000001b'), new Uint8Array(23)),
      'Encrypted payload of 23 octets is shorter than IV and ICV',
    ],
  ])('%s is not answered', (_, bytes, detail) => {
    expect(protection.open(bytes)).toEqual({ outcome: 'unprotected-error', header, detail });
  });

  it('a suite without integrity is a programming error', () => {
    const { integrity: _, ...bare } = suiteOf(
      must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 128)),
    );
    expect(() => createProtection(bare, keysOf(suite), seededRandom('iv'))).toThrow(
      /ENCR_AES_CBC needs an integrity algorithm/,
    );
  });
});
