/** Every encryption row: published vectors, OpenSSL beside it, and what an AEAD must refuse. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EMPTY, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { ENCRYPTION_ROWS, encryptionKeyBytes, encryptionRow } from '#core/crypto/encryption.ts';
import type { EncryptionRow } from '#core/crypto/interfaces.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { seededRandom } from './fixed-random.ts';

const row = (keyword: string): EncryptionRow => {
  const found = ENCRYPTION_ROWS.find((candidate) => candidate.keyword === keyword);
  if (found === undefined) throw new Error(`no row ${keyword}`);
  return found;
};
const counting = (length: number): string => toHex(Uint8Array.from({ length }, (_, i) => i));
const singleBlock = toHex(utf8('Single block msg'));

/** Key material is key | salt; the ciphertext of an AEAD ends with its ICV. */
const vectors = [
  {
    source: 'RFC 3602 case 1',
    keyword: 'aes128',
    key: '06a9214036b8a15b512e03d534120006',
    iv: '3dafba429d9eb430b422da802c9fac41',
    plaintext: singleBlock,
    ciphertext: 'e353779c1079aeb82708942dbe77181a',
  },
  {
    source: 'RFC 3602 case 2',
    keyword: 'aes128',
    key: 'c286696d887c9aa0611bbb3e2025a45a',
    iv: '562e17996d093d28ddb3ba695a2e6f58',
    plaintext: counting(32),
    ciphertext: 'd296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1',
  },
  {
    source: 'RFC 3686 vector 1',
    keyword: 'aes128ctr',
    key: 'ae6852f8121067cc4bf7a5765577f39e00000030',
    iv: '0000000000000000',
    plaintext: singleBlock,
    ciphertext: 'e4095d4fb7a7b3792d6175a3261311b8',
  },
  {
    source: 'RFC 3686 vector 2',
    keyword: 'aes128ctr',
    key: '7e24067817fae0d743d6ce1f32539163006cb6db',
    iv: 'c0543b59da48d90b',
    plaintext: counting(32),
    ciphertext: '5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28',
  },
  {
    source: 'RFC 3686 vector 3',
    keyword: 'aes128ctr',
    key: '7691be035e5020a8ac6e618529f9a0dc00e0017b',
    iv: '27777f3f4a1786f0',
    plaintext: counting(36),
    ciphertext: 'c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f',
  },
  {
    source: 'RFC 3686 vector 4',
    keyword: 'aes192ctr',
    key: '16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb7851500000048',
    iv: '36733c147d6d93cb',
    plaintext: singleBlock,
    ciphertext: '4b55384fe259c9c84e7935a003cbe928',
  },
  {
    source: 'RFC 3686 vector 7',
    keyword: 'aes256ctr',
    key: '776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c10400000060',
    iv: 'db5672c97aa8f0b2',
    plaintext: singleBlock,
    ciphertext: '145ad01dbf824ec7560863dc71e3e0c0',
  },
  {
    source: 'McGrew and Viega, GCM test case 4',
    keyword: 'aes128gcm16',
    key: 'feffe9928665731c6d6a8f9467308308cafebabe',
    iv: 'facedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
      '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ciphertext:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
      '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091' +
      '5bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    source: 'McGrew and Viega, GCM test case 16',
    keyword: 'aes256gcm16',
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308cafebabe',
    iv: 'facedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
      '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ciphertext:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
      '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
      '76fc6ece0f4e1768cddf8853bb2d551b',
  },
  {
    source: 'RFC 7634 appendix A (ESP)',
    keyword: 'chacha20poly1305',
    key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3',
    iv: '1011121314151617',
    aad: '0102030400000005',
    plaintext:
      '45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10' +
      '0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223' +
      '2425262728292a2b2c2d2e2f303132333435363701020204',
    ciphertext:
      '24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6' +
      '14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3' +
      'cbec163fac469b502773f6fb94e664da9165b82829f641e0' +
      '76aaa8266b7fb0f7b11b369907e1ad43',
  },
  {
    source: 'RFC 7634 appendix B (IKEv2)',
    keyword: 'chacha20poly1305',
    key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3',
    iv: '1011121314151617',
    aad: 'c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029',
    plaintext: '0000000c000040010000000a00',
    ciphertext: '610394701f8d017f7c129248896b71bfe25236efd7cdc67066906315b2',
  },
];

describe('published vectors', () => {
  it.each(vectors)('$source', ({ keyword, key, iv, aad = '', plaintext, ciphertext }) => {
    const cipher = row(keyword).bind(fromHex(key));
    expect(toHex(cipher.encrypt(fromHex(iv), fromHex(plaintext), fromHex(aad)))).toBe(ciphertext);
    expect(cipher.decrypt(fromHex(iv), fromHex(ciphertext), fromHex(aad))).toEqual(fromHex(plaintext));
  });
});

/** OpenSSL's name of the cipher, and how the nonce is put together from salt and IV. */
function openSsl({ name, keyBits, icvBytes }: EncryptionRow) {
  const bits = keyBits ?? 0;
  const table: Record<string, { algorithm: string; suffix?: string; aead?: true }> = {
    ENCR_AES_CBC: { algorithm: `aes-${bits}-cbc` },
    ENCR_AES_CTR: { algorithm: `aes-${bits}-ctr`, suffix: '00000001' },
    ENCR_3DES: { algorithm: 'des-ede3-cbc' },
    ENCR_CHACHA20_POLY1305: { algorithm: 'chacha20-poly1305', aead: true },
    [`ENCR_AES_GCM_${icvBytes}`]: { algorithm: `aes-${bits}-gcm`, aead: true },
    [`ENCR_AES_CCM_${icvBytes}`]: { algorithm: `aes-${bits}-ccm`, aead: true },
  };
  return table[name];
}

function sealWithOpenSsl(
  encryption: EncryptionRow,
  key: Uint8Array,
  iv: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
) {
  const reference = openSsl(encryption);
  if (reference === undefined) throw new Error(`OpenSSL: ${encryption.name}`);
  const cipherKey = key.subarray(0, encryption.keyBytes);
  const nonce = Buffer.concat([
    key.subarray(encryption.keyBytes),
    iv,
    Buffer.from(reference.suffix ?? '', 'hex'),
  ]);
  if (reference.aead === undefined) {
    const cipher = createCipheriv(reference.algorithm, cipherKey, nonce).setAutoPadding(false);
    return toHex(Buffer.concat([cipher.update(plaintext), cipher.final()]));
  }
  const options = { authTagLength: encryption.icvBytes };
  const cipher = createCipheriv(reference.algorithm as 'aes-128-ccm', cipherKey, nonce, options);
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return toHex(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
}

describe('the same octets as OpenSSL', () => {
  const ciphers = ENCRYPTION_ROWS.filter(({ kind }) => kind !== 'null');
  it.each(ciphers.map((encryption) => [encryption.keyword, encryption] as const))('%s', (_, encryption) => {
    const random = seededRandom(encryption.keyword);
    for (const blocks of [1, 2, 3, 17, 90]) {
      // Lengths off the block for what has none; a view at an odd offset, as messages are.
      const length = encryption.blockBytes > 1 ? blocks * encryption.blockBytes : blocks * 16 - (blocks % 7);
      const plaintext = random(length + 3).subarray(3);
      const aad = random(blocks === 17 ? 0 : 7 + blocks);
      const iv = random(encryption.ivBytes + 1).subarray(1);
      const key = random(encryptionKeyBytes(encryption));
      const cipher = encryption.bind(key);
      const sealed = cipher.encrypt(iv, plaintext, aad);
      expect(toHex(sealed)).toBe(sealWithOpenSsl(encryption, key, iv, plaintext, aad));
      expect(toHex(cipher.decrypt(iv, sealed, aad) ?? EMPTY)).toBe(toHex(plaintext));
    }
  });

  it('opens what OpenSSL sealed with 3DES, in one go', () => {
    const [key, iv, plaintext] = [seededRandom('k')(24), seededRandom('i')(8), seededRandom('p')(64)];
    const sealed = row('3des').bind(key).encrypt(iv, plaintext, EMPTY);
    const decipher = createDecipheriv('des-ede3-cbc', key, iv).setAutoPadding(false);
    expect(toHex(Buffer.concat([decipher.update(sealed), decipher.final()]))).toBe(toHex(plaintext));
  });
});

describe('what an AEAD refuses', () => {
  const aeads = ENCRYPTION_ROWS.filter(({ kind }) => kind === 'aead');
  it.each(aeads.map((encryption) => [encryption.keyword, encryption] as const))('%s', (_, encryption) => {
    const random = seededRandom(encryption.keyword);
    const cipher = encryption.bind(random(encryptionKeyBytes(encryption)));
    const [iv, plaintext, aad] = [random(8), random(33), random(8)];
    const sealed = cipher.encrypt(iv, plaintext, aad);
    expect(sealed.length).toBe(plaintext.length + encryption.icvBytes);
    for (let at = 0; at < sealed.length; at++) {
      const forged = sealed.slice();
      forged[at] = (forged[at] as number) ^ 0x40;
      expect(cipher.decrypt(iv, forged, aad), `octet ${at}`).toBeUndefined();
    }
    expect(cipher.decrypt(iv, sealed, random(8))).toBeUndefined();
    expect(cipher.decrypt(random(8), sealed, aad)).toBeUndefined();
    expect(cipher.decrypt(iv, sealed.subarray(0, -1), aad)).toBeUndefined();
    expect(cipher.decrypt(iv, sealed.subarray(0, encryption.icvBytes - 1), aad)).toBeUndefined();
    expect(cipher.decrypt(iv, EMPTY, aad)).toBeUndefined();
    const ofNothing = cipher.encrypt(iv, EMPTY, aad);
    expect(cipher.decrypt(iv, ofNothing, aad)).toEqual(EMPTY);
  });
});

describe('lengths', () => {
  it.each(['aes128', 'aes256', '3des'])('%s takes whole blocks only', (keyword) => {
    const encryption = row(keyword);
    const cipher = encryption.bind(new Uint8Array(encryptionKeyBytes(encryption)).fill(7));
    const iv = new Uint8Array(encryption.ivBytes);
    expect(() => cipher.encrypt(iv, new Uint8Array(encryption.blockBytes + 1), EMPTY)).toThrow(RangeError);
    expect(cipher.decrypt(iv, new Uint8Array(encryption.blockBytes + 1), EMPTY)).toBeUndefined();
  });

  it.each(ENCRYPTION_ROWS.map((encryption) => [encryption.keyword, encryption] as const))(
    '%s refuses key material and IVs of another length',
    (_, encryption) => {
      const length = encryptionKeyBytes(encryption);
      expect(() => encryption.bind(new Uint8Array(length + 1))).toThrow(RangeError);
      const cipher = encryption.bind(new Uint8Array(length));
      const iv = new Uint8Array(encryption.ivBytes + 1);
      expect(() => cipher.encrypt(iv, EMPTY, EMPTY)).toThrow(RangeError);
      expect(() => cipher.decrypt(iv, new Uint8Array(64), EMPTY)).toThrow(RangeError);
    },
  );

  it('keeps its own copy of the key', () => {
    const key = seededRandom('key')(36);
    const [iv, plaintext] = [new Uint8Array(8), utf8('hello')];
    const cipher = row('aes256gcm16').bind(key);
    const before = toHex(cipher.encrypt(iv, plaintext, EMPTY));
    key.fill(0);
    expect(toHex(cipher.encrypt(iv, plaintext, EMPTY))).toBe(before);
  });

  it('NULL copies', () => {
    const plaintext = utf8('hello');
    const copy = row('null').bind(EMPTY).encrypt(EMPTY, plaintext, EMPTY);
    expect(copy).toEqual(plaintext);
    expect(copy).not.toBe(plaintext);
  });
});

describe('the table', () => {
  const { ENCR_AES_GCM_16, ENCR_AES_CCM_8, ENCR_AES_CBC, ENCR_CHACHA20_POLY1305, ENCR_CAMELLIA_CBC } =
    encryptionAlgorithms.byName;

  it('finds a row by its transform', () => {
    expect(encryptionRow(ENCR_AES_GCM_16, 256)).toMatchObject({ keyword: 'aes256gcm16', iv: 'counter' });
    expect(encryptionRow(ENCR_AES_CCM_8, 128)).toMatchObject({ keyword: 'aes128ccm8', saltBytes: 3 });
    expect(encryptionRow(ENCR_AES_CBC, 192)).toMatchObject({ keyword: 'aes192', iv: 'random' });
    expect(encryptionRow(ENCR_CHACHA20_POLY1305)).toMatchObject({
      keyword: 'chacha20poly1305',
      saltBytes: 4,
    });
  });

  it('wants the Key Length attribute exactly where the algorithm has one', () => {
    expect(encryptionRow(ENCR_AES_CBC)).toBeUndefined();
    expect(encryptionRow(ENCR_AES_CBC, 160)).toBeUndefined();
    expect(encryptionRow(ENCR_CHACHA20_POLY1305, 256)).toBeUndefined();
    expect(encryptionRow(ENCR_CAMELLIA_CBC, 256)).toBeUndefined();
  });
});
