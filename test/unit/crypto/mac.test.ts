/** Integrity rows, PRFs and prf+ (RFC 7296 §2.13) with their vectors. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, EMPTY, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { aesCmac, aesXcbcMac } from '#core/crypto/aes-mac.ts';
import { INTEGRITY_ROWS, integrityRow } from '#core/crypto/integrity.ts';
import { PRF_ROWS, prfPlus, prfRow } from '#core/crypto/prf.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { prfs } from '#core/registry/prfs.ts';
import { seededRandom } from './fixed-random.ts';

function byKeyword<Row extends { readonly keyword: string }>(rows: readonly Row[], keyword: string): Row {
  const found = rows.find((row) => row.keyword === keyword);
  if (found === undefined) throw new Error(`no row ${keyword}`);
  return found;
}
const prf = (keyword: string) => byKeyword(PRF_ROWS, keyword);
const integrity = (keyword: string) => byKeyword(INTEGRITY_ROWS, keyword);
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
const repeated = (octet: number, length: number): Uint8Array => new Uint8Array(length).fill(octet);

describe('AES-XCBC-MAC, RFC 3566 §4.6', () => {
  it.each([
    [1, EMPTY, '75f0251d528ac01c4573dfd584d79f29'],
    [2, counting(3), '5b376580ae2f19afe7219ceef172756f'],
    [3, counting(16), 'd2a246fa349b68a79998a4394ff7a263'],
    [4, counting(20), '47f51b4564966215b8985c63055ed308'],
    [5, counting(32), 'f54f0ec8d2b9f3d36807734bd5283fd4'],
    [6, counting(34), 'becbb3bccdb518a30677d5481fb6b4d8'],
    [7, new Uint8Array(1000), 'f0dafee895db30253761103b5d84528f'],
  ])('case %i', (_, message, mac) => {
    expect(toHex(aesXcbcMac(counting(16), message))).toBe(mac);
    expect(toHex(integrity('aesxcbc').mac(counting(16), message))).toBe(mac.slice(0, 24));
  });
});

describe('AES-CMAC, RFC 4493 §4', () => {
  const key = fromHex('2b7e151628aed2a6abf7158809cf4f3c');
  const message = fromHex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
      '30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  );
  it.each([
    [0, 'bb1d6929e95937287fa37d129b756746'],
    [16, '070a16b46b4d4144f79bdd9dd04a287c'],
    [40, 'dfa66747de9ae63030ca32611497c827'],
    [64, '51f0bebf7e3b9d92fc49741779363cfe'],
  ])('%i octets', (length, mac) => {
    expect(toHex(aesCmac(key, message.subarray(0, length)))).toBe(mac);
    expect(toHex(integrity('aescmac').mac(key, message.subarray(0, length)))).toBe(mac.slice(0, 24));
  });
});

describe('AES PRFs take a key of any length', () => {
  const long = fromHex('000102030405060708090a0b0c0d0e0fedcb');
  it.each([
    ['RFC 4434', 'prfaesxcbc', counting(16), '47f51b4564966215b8985c63055ed308'],
    ['RFC 4434', 'prfaesxcbc', counting(10), '0fa087af7d866e7653434e602fdde835'],
    ['RFC 4434', 'prfaesxcbc', long, '8cd3c93ae598a9803006ffb67c40e9e4'],
    ['RFC 4615', 'prfaescmac', counting(16), '980ae87b5f4c9c5214f5b6a8455e4c2d'],
    ['RFC 4615', 'prfaescmac', counting(10), '290d9e112edb09ee141fcf64c0b72f3d'],
    ['RFC 4615', 'prfaescmac', long, '84a348a4a45d235babfffc0d2b4da09a'],
  ])('%s %s', (_, keyword, key, output) => {
    expect(toHex(prf(keyword).compute(key, counting(20)))).toBe(output);
  });
});

describe('HMAC', () => {
  const hiThere = utf8('Hi There');
  it.each([
    ['RFC 2202', 'prfmd5', 16, '9294727a3638bb1c13f48ef8158bfc9d'],
    ['RFC 2202', 'prfsha1', 20, 'b617318655057264e28bc0b6fb378c8ef146be00'],
    ['RFC 4231', 'prfsha256', 20, 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      'RFC 4231',
      'prfsha384',
      20,
      'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
    ],
    [
      'RFC 4231',
      'prfsha512',
      20,
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde' +
        'daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    ],
  ])('%s test case 1 of %s', (_, keyword, keyBytes, output) => {
    expect(toHex(prf(keyword).compute(repeated(0x0b, keyBytes), hiThere))).toBe(output);
  });

  it.each([
    ['prfmd5', '750c783e6ab0b503eaa86e310a5db738'],
    ['prfsha1', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    ['prfsha256', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  ])('test case 2 of %s, in parts', (keyword, output) => {
    expect(
      toHex(prf(keyword).compute(utf8('Jefe'), utf8('what do ya '), EMPTY, utf8('want for nothing?'))),
    ).toBe(output);
  });

  it.each([
    ['RFC 2403', 'md5', 16, '9294727a3638bb1c13f48ef8'],
    ['RFC 2404', 'sha1', 20, 'b617318655057264e28bc0b6'],
    ['RFC 4868 AUTH256-1', 'sha256', 32, '198a607eb44bfbc69903a0f1cf2bbdc5'],
    ['RFC 4868 AUTH384-1', 'sha384', 48, 'b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973'],
    ['RFC 4868 AUTH512-1', 'sha512', 64, '637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8'],
  ])('%s: %s truncated', (_, keyword, keyBytes, output) => {
    const row = integrity(keyword);
    expect(row).toMatchObject({ keyBytes, icvBytes: output.length / 2 });
    expect(toHex(row.mac(repeated(0x0b, keyBytes), utf8('Hi'), utf8(' There')))).toBe(output);
  });
});

describe.each(INTEGRITY_ROWS.map((row) => [row.keyword, row] as const))('integrity %s', (_, row) => {
  it('refuses a key of another length', () => {
    expect(() => row.mac(new Uint8Array(row.keyBytes + 1), EMPTY)).toThrow(RangeError);
  });

  it('does not care where parts end, and changes nothing of them', () => {
    const random = seededRandom(row.keyword);
    const [key, parts] = [random(row.keyBytes), [random(16), random(5), random(27)]];
    const copies = parts.map((part) => part.slice());
    expect(row.mac(key, ...parts)).toEqual(row.mac(key, concat(...parts)));
    expect(row.mac(key, ...parts)).not.toEqual(row.mac(key, ...parts.toReversed()));
    expect(parts).toEqual(copies);
    expect(row.mac(key, parts[0] as Uint8Array)).toEqual(row.mac(key, copies[0] as Uint8Array));
    expect(parts).toEqual(copies);
    expect(integrityRow(row.id)).toBe(row);
  });
});

describe.each(PRF_ROWS.map((row) => [row.keyword, row] as const))('PRF %s', (_, row) => {
  it('has the sizes it says', () => {
    expect(row.compute(new Uint8Array(row.keyBytes), EMPTY).length).toBe(row.outputBytes);
    expect(prfRow(row.id)).toBe(row);
  });

  it('chains in prf+ as RFC 7296 §2.13 draws it', () => {
    const [key, seed] = [counting(row.keyBytes), utf8('seed')];
    const t1 = row.compute(key, seed, Uint8Array.of(1));
    const t2 = row.compute(key, t1, seed, Uint8Array.of(2));
    const t3 = row.compute(key, t2, seed, Uint8Array.of(3));
    const whole = concat(t1, t2, t3);
    for (const length of [0, 1, row.outputBytes, row.outputBytes + 1, 3 * row.outputBytes - 1]) {
      expect(prfPlus(row, key, seed, length)).toEqual(whole.slice(0, length));
    }
  });

  it('stops prf+ where the counter would wrap', () => {
    expect(prfPlus(row, EMPTY, EMPTY, 255 * row.outputBytes).length).toBe(255 * row.outputBytes);
    expect(() => prfPlus(row, EMPTY, EMPTY, 255 * row.outputBytes + 1)).toThrow(RangeError);
  });
});

it('gives what OpenSSL gives for HMAC with long and empty keys', () => {
  const hashes = {
    prfmd5: 'md5',
    prfsha1: 'sha1',
    prfsha256: 'sha256',
    prfsha384: 'sha384',
    prfsha512: 'sha512',
  };
  const random = seededRandom('hmac');
  for (const [keyword, hash] of Object.entries(hashes)) {
    for (const length of [0, 1, 63, 64, 65, 200]) {
      const [key, message] = [random(length), random(3 * length)];
      const expected = createHmac(hash, key).update(message).digest('hex');
      expect(toHex(prf(keyword).compute(key, message))).toBe(expected);
    }
  }
});

it('knows no row for what it does not compute', () => {
  expect(integrityRow(integrityAlgorithms.byName.NONE)).toBeUndefined();
  expect(integrityRow(integrityAlgorithms.byName.AUTH_DES_MAC)).toBeUndefined();
  expect(prfRow(prfs.byName.PRF_HMAC_TIGER)).toBeUndefined();
});
