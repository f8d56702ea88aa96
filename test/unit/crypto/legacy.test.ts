/** What MS-CHAPv2 needs and nothing else should: MD4 (RFC 1320), RC4, one block of DES. */
import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { desDecrypt, desEncrypt } from '#core/crypto/des.ts';
import { md4 } from '#core/crypto/md4.ts';
import { rc4 } from '#core/crypto/rc4.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';

describe('MD4', () => {
  it.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      'e33b4ddc9c38f2199c3e7b164fcc0536',
    ],
  ])('RFC 1320 appendix A.5: %j', (text, digest) => {
    expect(toHex(md4(utf8(text)))).toBe(digest);
  });
});

describeWithVectors('strongswan', (readJson) => {
  const { vectors } = readJson('md4.json') as { vectors: { name: string; data: string; hash: string }[] };
  it.each(vectors)('$name', ({ data, hash }) => {
    expect(toHex(md4(fromHex(data)))).toBe(hash);
  });
});

describe('RC4', () => {
  // RFC 6229 §2: the first sixteen octets of key stream.
  it.each([
    ['0102030405', 'b2396305f03dc027ccc3524a0a1118a8'],
    ['0102030405060708090a0b0c0d0e0f10', '9ac7cc9a609d1ef7b2932899cde41b97'],
  ])('key %s', (key, stream) => {
    expect(toHex(rc4(fromHex(key), new Uint8Array(16)))).toBe(stream);
  });
});

describe('DES', () => {
  const { bytes } = seededRandom(3);

  it('is the DES of OpenSSL, as 3DES with one key thrice', () => {
    for (let i = 0; i < 20; i++) {
      const [key, block] = [bytes(7), bytes(8)];
      // Seven bits an octet, the parity bit below them.
      const bits = [...key].map((octet) => octet.toString(2).padStart(8, '0')).join('');
      const wide = Buffer.from((bits.match(/.{7}/g) ?? []).map((seven) => Number.parseInt(`${seven}0`, 2)));
      const openssl = createCipheriv('des-ede3', Buffer.concat([wide, wide, wide]), null).setAutoPadding(
        false,
      );
      expect(toHex(desEncrypt(key, block))).toBe(openssl.update(block).toString('hex'));
      expect(toHex(desDecrypt(key, desEncrypt(key, block)))).toBe(toHex(block));
    }
  });

  it('refuses a key with parity', () => {
    expect(() => desEncrypt(new Uint8Array(8), new Uint8Array(8))).toThrow(RangeError);
  });
});
