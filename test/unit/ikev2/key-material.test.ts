/** Keys of IKE SAs and Child SAs (RFC 7296 §2.13 to §2.18) against vectors. */
import { expect, describe, it } from 'vitest';
import { concat, EMPTY, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { encryptionRow } from '#core/crypto/encryption.ts';
import { integrityRow } from '#core/crypto/integrity.ts';
import type { EspSuite, IkeSuite, PrfRow } from '#core/crypto/interfaces.ts';
import { keyExchangeRow } from '#core/crypto/key-exchange.ts';
import { prfPlus, prfRow } from '#core/crypto/prf.ts';
import {
  deriveChildKeys,
  deriveIkeKeys,
  initialSkeyseed,
  pskAuth,
  rekeyedSkeyseed,
  signedOctets,
} from '#core/ikev2/key-material.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { prfs } from '#core/registry/prfs.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a row is missing');
  return value;
};
const sha256 = must(prfRow(prfs.byName.PRF_HMAC_SHA2_256));
const cmac = must(prfRow(prfs.byName.PRF_AES128_CMAC));
const cbc = must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 128));
const gcm = must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_GCM_16, 256));
const integrity = must(integrityRow(integrityAlgorithms.byName.AUTH_HMAC_SHA2_256_128));
const keyExchange = must(keyExchangeRow(keyExchangeMethods.byName.Curve25519));
const ikeCbc: IkeSuite = { encryption: cbc, integrity, prf: sha256, keyExchange };
const ikeGcm: IkeSuite = { encryption: gcm, prf: sha256, keyExchange };

const nonceI = new Uint8Array(32).fill(1);
const nonceR = new Uint8Array(24).fill(2);
const secret = new Uint8Array(32).fill(3);
const spiI = new Uint8Array(8).fill(4);
const spiR = new Uint8Array(8).fill(5);

describe('SKEYSEED', () => {
  it('takes whole nonces with HMAC', () => {
    expect(initialSkeyseed(sha256, { nonceI, nonceR }, secret)).toEqual(
      sha256.compute(concat(nonceI, nonceR), secret),
    );
  });

  it('takes the first eight octets of each nonce with a PRF of fixed key length (§2.14)', () => {
    const key = concat(nonceI.subarray(0, 8), nonceR.subarray(0, 8));
    expect(initialSkeyseed(cmac, { nonceI, nonceR }, secret)).toEqual(cmac.compute(key, secret));
  });

  it('of a rekeyed SA comes from SK_d, secret and nonces (§2.18)', () => {
    expect(rekeyedSkeyseed({ prf: sha256, skD: spiI }, { nonceI, nonceR }, secret)).toEqual(
      sha256.compute(spiI, concat(secret, nonceI, nonceR)),
    );
  });
});

describe('keys of an IKE SA', () => {
  it.each([
    ['with integrity', ikeCbc, [32, 32, 32, 16, 16, 32, 32]],
    ['with an AEAD: key and salt, no integrity', ikeGcm, [32, 0, 0, 36, 36, 32, 32]],
  ] as const)('%s', (_, suite, lengths) => {
    const keys = deriveIkeKeys({ suite, secret, nonceI, nonceR, spiI, spiR });
    const inOrder = [keys.skD, keys.skAi, keys.skAr, keys.skEi, keys.skEr, keys.skPi, keys.skPr];
    expect(inOrder.map(({ length }) => length)).toEqual(lengths);
    const seed = concat(nonceI, nonceR, spiI, spiR);
    const stream = prfPlus(
      sha256,
      initialSkeyseed(sha256, { nonceI, nonceR }, secret),
      seed,
      concat(...inOrder).length,
    );
    expect(toHex(concat(...inOrder))).toBe(toHex(stream));
  });

  it('of a rekeyed SA come from the old one, by the old PRF', () => {
    const replaces = { prf: cmac, skD: new Uint8Array(16).fill(9) };
    const keys = deriveIkeKeys({ suite: ikeGcm, secret, nonceI, nonceR, spiI, spiR, replaces });
    const skeyseed = cmac.compute(replaces.skD, secret, nonceI, nonceR);
    expect(keys.skD).toEqual(prfPlus(sha256, skeyseed, concat(nonceI, nonceR, spiI, spiR), 32));
  });
});

describe('keys of a Child SA', () => {
  const esp: EspSuite = { encryption: cbc, integrity, esn: false };
  const skD = new Uint8Array(32).fill(7);

  it('run from the initiator to the responder first, encryption before integrity (§2.17)', () => {
    const { fromInitiator, fromResponder } = deriveChildKeys({
      prf: sha256,
      skD,
      suite: esp,
      nonceI,
      nonceR,
    });
    const inOrder = [
      fromInitiator.encryption,
      fromInitiator.integrity,
      fromResponder.encryption,
      fromResponder.integrity,
    ];
    expect(inOrder.map(({ length }) => length)).toEqual([16, 32, 16, 32]);
    expect(concat(...inOrder)).toEqual(prfPlus(sha256, skD, concat(nonceI, nonceR), 96));
  });

  it('take the secret of an exchange of their own first', () => {
    const { fromInitiator, fromResponder } = deriveChildKeys({
      prf: sha256,
      skD,
      suite: { encryption: gcm, esn: true },
      nonceI,
      nonceR,
      secret,
    });
    expect(fromInitiator.integrity).toEqual(EMPTY);
    expect(concat(fromInitiator.encryption, fromResponder.encryption)).toEqual(
      prfPlus(sha256, skD, concat(secret, nonceI, nonceR), 72),
    );
  });
});

describe('AUTH', () => {
  it('covers message, nonce and the hash of the identity', () => {
    const octets = signedOctets({
      prf: sha256,
      message: fromHex('beef'),
      nonce: nonceR,
      skP: spiI,
      id: { type: 2, data: utf8('gw') },
    });
    expect(octets).toEqual(concat(fromHex('beef'), nonceR, sha256.compute(spiI, fromHex('020000006777'))));
  });

  it('of a shared key pads it first', () => {
    const padded = sha256.compute(utf8('psk'), utf8('Key Pad for IKEv2'));
    expect(pskAuth(sha256, utf8('psk'), nonceI)).toEqual(sha256.compute(padded, nonceI));
  });
});

interface AcvpVector {
  readonly in: Readonly<
    Record<'hashAlg' | 'gir' | 'girNew' | 'nInit' | 'nResp' | 'spiInit' | 'spiResp', string>
  > & {
    readonly derivedKeyingMaterialLength: number;
  };
  readonly out: Readonly<
    Record<
      | 'sKeySeed'
      | 'derivedKeyingMaterial'
      | 'derivedKeyingMaterialChild'
      | 'derivedKeyingMaterialDh'
      | 'sKeySeedReKey',
      string
    >
  >;
}

const PRF_OF_HASH: Readonly<Record<string, PrfRow | undefined>> = {
  'SHA-1': prfRow(prfs.byName.PRF_HMAC_SHA1),
  'SHA-256': sha256,
  'SHA-384': prfRow(prfs.byName.PRF_HMAC_SHA2_384),
  'SHA-512': prfRow(prfs.byName.PRF_HMAC_SHA2_512),
};

/** The file gives streams of prf+, whatever the suite: ours and theirs agree as far as both go. */
const expectSameStart = (ours: string, theirs: string): void => {
  const both = Math.min(ours.length, theirs.length);
  expect(ours.slice(0, both)).toBe(theirs.slice(0, both));
};

describeWithVectors('kdf', (readJson) => {
  const { vectors } = readJson('ikev2_acvp_open.json') as { vectors: AcvpVector[] };

  it('has vectors of every hash', () => {
    expect(new Set(vectors.map((vector) => vector.in.hashAlg))).toEqual(new Set(Object.keys(PRF_OF_HASH)));
  });

  it.each(vectors.map((vector, i) => [i, vector.in.hashAlg, vector] as const))(
    '%i: %s',
    (_, hash, vector) => {
      const prf = must(PRF_OF_HASH[hash]);
      const [nI, nR, gir, girNew] = [vector.in.nInit, vector.in.nResp, vector.in.gir, vector.in.girNew].map(
        fromHex,
      ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      const nonces = { nonceI: nI, nonceR: nR };
      const skeyseed = initialSkeyseed(prf, nonces, gir);
      expect(toHex(skeyseed)).toBe(vector.out.sKeySeed);
      const length = vector.in.derivedKeyingMaterialLength / 8;
      const dkm = prfPlus(
        prf,
        skeyseed,
        concat(nI, nR, fromHex(vector.in.spiInit), fromHex(vector.in.spiResp)),
        length,
      );
      expect(toHex(dkm)).toBe(vector.out.derivedKeyingMaterial);

      const keys = deriveIkeKeys({
        suite: { ...ikeCbc, prf },
        secret: gir,
        ...nonces,
        spiI: fromHex(vector.in.spiInit),
        spiR: fromHex(vector.in.spiResp),
      });
      const stream = concat(keys.skD, keys.skAi, keys.skAr, keys.skEi, keys.skEr, keys.skPi, keys.skPr);
      expectSameStart(toHex(stream), vector.out.derivedKeyingMaterial);

      const child = (secret?: Uint8Array): string => {
        const suite: EspSuite = { encryption: gcm, esn: false };
        const { fromInitiator, fromResponder } = deriveChildKeys({
          prf,
          skD: keys.skD,
          suite,
          ...nonces,
          ...(secret ? { secret } : {}),
        });
        return toHex(concat(fromInitiator.encryption, fromResponder.encryption));
      };
      expectSameStart(child(), vector.out.derivedKeyingMaterialChild);
      expectSameStart(child(girNew), vector.out.derivedKeyingMaterialDh);
      expect(toHex(rekeyedSkeyseed({ prf, skD: keys.skD }, nonces, girNew))).toBe(vector.out.sKeySeedReKey);
    },
  );
});
