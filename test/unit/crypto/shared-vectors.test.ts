/** Vectors of strongSwan, libreswan, Wycheproof and NIST, where the machine has them. */
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { aesCmac } from '#core/crypto/aes-mac.ts';
import { encryptionKeyBytes, encryptionRow } from '#core/crypto/encryption.ts';
import { INTEGRITY_ROWS } from '#core/crypto/integrity.ts';
import { KeyExchangeError, type KeyExchangeInProgress } from '#core/crypto/interfaces.ts';
import { KEY_EXCHANGE_ROWS } from '#core/crypto/key-exchange.ts';
import { modularPower, modpPrime } from '#core/crypto/modp.ts';
import { PRF_ROWS, prfPlus } from '#core/crypto/prf.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';
import { fixedRandom } from './fixed-random.ts';

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what}`);
  return value;
}

const number = (hex: string | undefined): bigint => BigInt(`0x${hex}`);

/** libreswan writes octets as hexadecimal digits after 0x, or as text. */
const octets = (text = ''): Uint8Array => (text.startsWith('0x') ? fromHex(text.slice(2)) : utf8(text));

/** The secret in hexadecimal digits, or the name of the error. */
function secretOf(exchange: KeyExchangeInProgress, peerPublic: Uint8Array): string {
  try {
    return toHex(exchange.finish(peerPublic));
  } catch (error) {
    return error instanceof KeyExchangeError ? error.name : String(error);
  }
}

describeWithVectors('strongswan', (readJson) => {
  type Vector = Readonly<Record<string, string>>;
  const vectorsOf = (file: string, kind: string): Vector[] =>
    (readJson(file) as { vectors: Vector[] }).vectors.filter((vector) => vector['kind'] === kind);
  const field = (vector: Vector, name: string): Uint8Array => fromHex(vector[name] ?? '');
  const named = (vectors: Vector[]) => vectors.map((vector) => [vector['name'] ?? '', vector] as const);

  const encryptionOf = (vector: Vector) => {
    const name = (vector['alg'] ?? '').replace('_ICV', '_') as keyof typeof encryptionAlgorithms.byName;
    const bits = name.includes('AES') ? Number(vector['key_size']) * 8 : undefined;
    return present(encryptionRow(encryptionAlgorithms.byName[name], bits), `${name} ${bits}`);
  };

  describe.each(['aes_cbc.json', '3des_cbc.json', 'aes_gcm.json', 'chacha20poly1305.json'])('%s', (file) => {
    const vectors = [...vectorsOf(file, 'crypter_test_vector_t'), ...vectorsOf(file, 'aead_test_vector_t')];
    it.each(named(vectors))('%s', (_, vector) => {
      const encryption = encryptionOf(vector);
      expect(field(vector, 'key').length).toBe(encryptionKeyBytes(encryption));
      const cipher = encryption.bind(field(vector, 'key'));
      const [iv, plain, aad] = [field(vector, 'iv'), field(vector, 'plain'), field(vector, 'adata')];
      const sealed = cipher.encrypt(iv, plain, aad);
      expect(toHex(sealed)).toBe(vector['cipher']);
      expect(cipher.decrypt(iv, sealed, aad)).toEqual(plain);
    });
  });

  const hmacFiles = ['md5_hmac.json', 'sha1_hmac.json', 'sha2_hmac.json'];
  it.each(hmacFiles)('%s: PRFs', (file) => {
    const vectors = vectorsOf(file, 'prf_test_vector_t');
    expect(vectors.length).toBeGreaterThan(0);
    for (const vector of vectors) {
      const prf = present(
        PRF_ROWS.find(({ name }) => name === vector['alg']),
        vector['alg'] ?? '',
      );
      expect(toHex(prf.compute(field(vector, 'key'), field(vector, 'seed')))).toBe(vector['out']);
    }
  });

  it.each(hmacFiles)('%s: integrity', (file) => {
    let checked = 0;
    for (const vector of vectorsOf(file, 'signer_test_vector_t')) {
      const row = INTEGRITY_ROWS.find(({ name }) => name === vector['alg']);
      if (row === undefined || field(vector, 'key').length !== row.keyBytes) continue;
      expect(toHex(row.mac(field(vector, 'key'), field(vector, 'data')))).toBe(
        (vector['mac'] ?? '').slice(0, 2 * row.icvBytes),
      );
      checked++;
    }
    expect(checked).toBeGreaterThan(0);
  });

  const groups: Readonly<Record<string, string>> = {
    CURVE_25519: 'curve25519',
    ECP_256_BIT: 'ecp256',
    ECP_384_BIT: 'ecp384',
    ECP_521_BIT: 'ecp521',
  };
  const curves = ['curve25519.json', 'ecp.json']
    .flatMap((file) => vectorsOf(file, 'ke_test_vector_t'))
    .filter((vector) => groups[vector['method'] ?? ''] !== undefined);
  it.each(named(curves))('%s', (_, vector) => {
    const method = present(
      KEY_EXCHANGE_ROWS.find(({ keyword }) => keyword === groups[vector['method'] ?? '']),
      vector['method'] ?? '',
    );
    const seed = vector['seed'] ?? '';
    const own = method.initiate(fixedRandom(seed.slice(0, seed.length / 2)));
    const answer = method.respond(fixedRandom(seed.slice(seed.length / 2)), field(vector, 'pub_i'));
    expect([toHex(own.publicData), toHex(answer.publicData)]).toEqual([vector['pub_i'], vector['pub_r']]);
    expect([toHex(own.finish(answer.publicData)), toHex(answer.secret)]).toEqual([
      vector['shared'],
      vector['shared'],
    ]);
  });

  // strongSwan's exponents have other lengths than ours, so this goes below the rows.
  const constants: Readonly<Record<string, bigint>> = {
    modp768: 149686n,
    modp1024: 129093n,
    modp1536: 741804n,
    modp2048: 124476n,
    modp3072: 1690314n,
    modp4096: 240904n,
    modp6144: 929484n,
    modp8192: 4743158n,
  };
  it.each(named(vectorsOf('modp.json', 'ke_test_vector_t')))('%s', (name, vector) => {
    const modulus = modpPrime({ bits: Number(name.slice(4)), c: present(constants[name], name) });
    const seed = vector['seed'] ?? '';
    const [i, r] = [number(seed.slice(0, seed.length / 2)), number(seed.slice(seed.length / 2))];
    expect(modularPower(2n, i, modulus)).toBe(number(vector['pub_i']));
    expect(modularPower(2n, r, modulus)).toBe(number(vector['pub_r']));
    expect(modularPower(number(vector['pub_i']), r, modulus)).toBe(number(vector['shared']));
    expect(modularPower(number(vector['pub_r']), i, modulus)).toBe(number(vector['shared']));
  });
});

describeWithVectors('libreswan', (readJson) => {
  type Vector = Readonly<Record<string, string>>;
  const vectorsOf = (file: string) =>
    (readJson(file) as { vectors: Vector[] }).vectors.map(
      (vector) => [vector['description'] ?? '', vector] as const,
    );

  it.each(vectorsOf('ike_alg_encrypt_gcm_test_vectors.json'))('GCM: %s', (_, vector) => {
    const [key, nonce] = [octets(vector['key']), octets(vector['salted_iv'])];
    const encryption = present(
      encryptionRow(encryptionAlgorithms.byName.ENCR_AES_GCM_16, key.length * 8),
      'GCM',
    );
    const cipher = encryption.bind(concat(key, nonce.subarray(0, 4)));
    const sealed = cipher.encrypt(nonce.subarray(4), octets(vector['plaintext']), octets(vector['aad']));
    expect(toHex(sealed)).toBe(toHex(concat(octets(vector['ciphertext']), octets(vector['tag']))));
  });

  const cbc = vectorsOf('ike_alg_encrypt_cbc_test_vectors.json').filter(([description]) =>
    description.includes('AES-CBC'),
  );
  it.each(cbc)('CBC: %s', (_, vector) => {
    const key = octets(vector['key']);
    const encryption = present(
      encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, key.length * 8),
      'CBC',
    );
    const sealed = encryption
      .bind(key)
      .encrypt(octets(vector['iv']), octets(vector['plaintext']), new Uint8Array(0));
    expect(toHex(sealed)).toBe(toHex(octets(vector['ciphertext'])));
  });
});

describeWithVectors('wycheproof', (readJson) => {
  interface Case {
    readonly tcId: number;
    readonly comment?: string;
    readonly result: 'valid' | 'invalid' | 'acceptable';
    readonly flags: readonly string[];
    readonly [field: string]: unknown;
  }
  interface Group {
    readonly tests: readonly Case[];
    readonly [field: string]: unknown;
  }
  const groupsOf = (file: string): readonly Group[] => (readJson(file) as { testGroups: Group[] }).testGroups;
  const hex = (test: Case, field: string): Uint8Array => fromHex(test[field] as string);

  it.each([
    ['aes_gcm_test.json.gz', 'ENCR_AES_GCM_16'],
    ['chacha20_poly1305_test.json.gz', 'ENCR_CHACHA20_POLY1305'],
  ] as const)('%s', (file, name) => {
    let checked = 0;
    for (const group of groupsOf(file).filter(({ ivSize, tagSize }) => ivSize === 96 && tagSize === 128)) {
      for (const test of group.tests) {
        const [key, iv, aad] = [hex(test, 'key'), hex(test, 'iv'), hex(test, 'aad')];
        const bits = name === 'ENCR_AES_GCM_16' ? key.length * 8 : undefined;
        const encryption = present(encryptionRow(encryptionAlgorithms.byName[name], bits), name);
        const cipher = encryption.bind(concat(key, iv.subarray(0, 4)));
        const sealed = concat(hex(test, 'ct'), hex(test, 'tag'));
        const opened = cipher.decrypt(iv.subarray(4), sealed, aad);
        const valid = test.result === 'valid';
        expect(opened && toHex(opened), `tcId ${test.tcId}`).toBe(valid ? test['msg'] : undefined);
        const resealed = toHex(cipher.encrypt(iv.subarray(4), hex(test, 'msg'), aad));
        expect(resealed === toHex(sealed), `tcId ${test.tcId}`).toBe(valid);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(100);
  });

  it('x25519_test.json.gz', () => {
    const method = present(
      KEY_EXCHANGE_ROWS.find(({ keyword }) => keyword === 'curve25519'),
      'curve25519',
    );
    for (const test of groupsOf('x25519_test.json.gz').flatMap(({ tests }) => tests)) {
      const own = method.initiate(fixedRandom(test['private'] as string));
      // A secret of zero is "acceptable" there and refused here (RFC 8031 §5).
      const refused = test.flags.includes('ZeroSharedSecret');
      expect(secretOf(own, hex(test, 'public')), `tcId ${test.tcId}`).toBe(
        refused ? 'KeyExchangeError' : test['shared'],
      );
    }
  });

  it('mlkem_768_test.json.gz', () => {
    const method = present(
      KEY_EXCHANGE_ROWS.find(({ keyword }) => keyword === 'mlkem768'),
      'mlkem768',
    );
    let refusals = 0;
    for (const test of groupsOf('mlkem_768_test.json.gz').flatMap(({ tests }) => tests)) {
      const valid = test.result === 'valid';
      // Our own seed is never of another length.
      if (test.comment?.startsWith('Private key')) continue;
      const own = method.initiate(fixedRandom(test['seed'] as string));
      const key = valid ? test['ek'] : toHex(own.publicData);
      expect(toHex(own.publicData), `tcId ${test.tcId}`).toBe(key);
      const secret = secretOf(own, hex(test, 'c'));
      expect(secret, `tcId ${test.tcId}`).toBe(valid ? test['K'] : 'KeyExchangeError');
      if (!valid) refusals++;
    }
    expect(refusals).toBeGreaterThan(5);
  });

  it('ecdh_secp256r1_ecpoint_test.json.gz', () => {
    const method = present(
      KEY_EXCHANGE_ROWS.find(({ keyword }) => keyword === 'ecp256'),
      'ecp256',
    );
    let refusals = 0;
    for (const test of groupsOf('ecdh_secp256r1_ecpoint_test.json.gz').flatMap(({ tests }) => tests)) {
      const point = test['public'] as string;
      const scalar = (test['private'] as string).replace(/^00/, '').padStart(64, '0');
      const own = method.initiate(fixedRandom(scalar));
      // Compressed points are "acceptable" there; RFC 5903 has X | Y only.
      const refused = test.result === 'invalid' || !point.startsWith('04');
      expect(secretOf(own, fromHex(point.slice(2))), `tcId ${test.tcId}`).toBe(
        refused ? 'KeyExchangeError' : test['shared'],
      );
      if (refused) refusals++;
    }
    expect(refusals).toBeGreaterThan(5);
  });

  it.each([
    ['hmac_sha1_test.json.gz', 'prfsha1'],
    ['hmac_sha256_test.json.gz', 'prfsha256'],
  ])('%s', (file, keyword) => {
    const prf = present(
      PRF_ROWS.find((row) => row.keyword === keyword),
      keyword,
    );
    for (const { tests, tagSize } of groupsOf(file)) {
      for (const test of tests) {
        const output = prf.compute(hex(test, 'key'), hex(test, 'msg')).subarray(0, (tagSize as number) / 8);
        expect(toHex(output) === test['tag'], `tcId ${test.tcId}`).toBe(test.result === 'valid');
      }
    }
  });

  it('aes_cmac_test.json.gz', () => {
    let checked = 0;
    for (const { tests, tagSize, keySize } of groupsOf('aes_cmac_test.json.gz')) {
      if (keySize !== 128) continue;
      for (const test of tests) {
        const output = aesCmac(hex(test, 'key'), hex(test, 'msg')).subarray(0, (tagSize as number) / 8);
        expect(toHex(output) === test['tag'], `tcId ${test.tcId}`).toBe(test.result === 'valid');
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(50);
  });
});

describeWithVectors('kdf', (readJson) => {
  interface Vector {
    readonly in: Readonly<Record<string, string>> & { readonly derivedKeyingMaterialLength: number };
    readonly out: Readonly<Record<string, string>> & { readonly tcId: number };
  }
  const { vectors } = readJson('ikev2_acvp_open.json') as { vectors: Vector[] };
  const keywords: Readonly<Record<string, string>> = {
    'SHA-1': 'prfsha1',
    'SHA-256': 'prfsha256',
    'SHA-384': 'prfsha384',
    'SHA-512': 'prfsha512',
  };

  it.each(vectors.map((vector) => [vector.out.tcId, vector] as const))(
    'prf+ as in ACVP case %i',
    (_, vector) => {
      const keyword = keywords[vector.in['hashAlg'] ?? ''];
      const prf = present(
        PRF_ROWS.find((row) => row.keyword === keyword),
        keyword ?? 'hash',
      );
      const input = (name: string): Uint8Array => fromHex(vector.in[name] ?? '');
      const nonces = concat(input('nInit'), input('nResp'));
      const length = vector.in.derivedKeyingMaterialLength / 8;
      const seed = prf.compute(nonces, input('gir'));
      expect(toHex(seed)).toBe(vector.out['sKeySeed']);
      const keys = prfPlus(prf, seed, concat(nonces, input('spiInit'), input('spiResp')), length);
      expect(toHex(keys)).toBe(vector.out['derivedKeyingMaterial']);
      const skD = keys.subarray(0, prf.keyBytes);
      expect(toHex(prfPlus(prf, skD, nonces, length))).toBe(vector.out['derivedKeyingMaterialChild']);
      expect(toHex(prfPlus(prf, skD, concat(input('girNew'), nonces), length))).toBe(
        vector.out['derivedKeyingMaterialDh'],
      );
      expect(toHex(prf.compute(skD, input('girNew'), nonces))).toBe(vector.out['sKeySeedReKey']);
    },
  );
});
