/** AES-CCM (RFC 3610): its packet vectors, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { EMPTY, fromHex, toHex } from '#core/bytes/bytes.ts';
import { ccmDecrypt, ccmEncrypt } from '#core/crypto/aes-ccm.ts';

const key = fromHex('c0c1c2c3c4c5c6c7c8c9cacbcccdcecf');
const header = fromHex('0001020304050607');

describe('RFC 3610 §8', () => {
  const vectors = [
    {
      number: 1,
      nonce: '00000003020100a0a1a2a3a4a5',
      plaintext: '08090a0b0c0d0e0f101112131415161718191a1b1c1d1e',
      sealed: '588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0',
    },
    {
      number: 2,
      nonce: '00000004030201a0a1a2a3a4a5',
      plaintext: '08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
      sealed: '72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916',
    },
  ];
  it.each(vectors)('packet vector $number', ({ nonce, plaintext, sealed }) => {
    expect(toHex(ccmEncrypt(key, fromHex(nonce), fromHex(plaintext), header, 8))).toBe(sealed);
    expect(toHex(ccmDecrypt(key, fromHex(nonce), fromHex(sealed), header, 8) ?? EMPTY)).toBe(plaintext);
  });
});

describe('what does not fit', () => {
  it('a plaintext longer than its length field', () => {
    const nonce = new Uint8Array(13);
    expect(() => ccmEncrypt(key, nonce, new Uint8Array(0x10000), EMPTY, 8)).toThrow(RangeError);
    expect(ccmEncrypt(key, nonce, new Uint8Array(0xffff), EMPTY, 8).length).toBe(0xffff + 8);
  });

  it('associated data of 0xff00 octets', () => {
    const nonce = new Uint8Array(11);
    expect(() => ccmEncrypt(key, nonce, EMPTY, new Uint8Array(0xff00), 8)).toThrow(RangeError);
  });
});
