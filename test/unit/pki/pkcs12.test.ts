/** PKCS#12 files and key files that OpenSSL wrote, opened; and wrong passwords told apart from damage. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#core/bytes/bytes.ts';
import { rc2CbcDecrypt } from '#core/crypto/rc2.ts';
import { KeyFileError, readPrivateKey } from '#helper/pki/key-file.ts';
import { Pkcs12Error, type Pkcs12Problem, readPkcs12 } from '#helper/pki/pkcs12.ts';
import { keySigner } from '#helper/pki/signer.ts';

const PASSWORD = 'Grüße 7';
const file = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../../fixtures/pki/${name}`, import.meta.url)));

const subject = (der: Uint8Array | undefined): string => new X509Certificate(der ?? '').subject;

async function problem(der: Uint8Array, password: string): Promise<Pkcs12Problem | undefined> {
  try {
    await readPkcs12(der, password);
  } catch (error) {
    if (error instanceof Pkcs12Error) return error.problem;
    throw error;
  }
  return undefined;
}

describe('a PKCS#12 file', () => {
  it.each([
    ['modern-aes256.p12', PASSWORD, 'alice-rsa', 1],
    ['legacy-rc2-40.p12', PASSWORD, 'alice-rsa', 1],
    ['legacy-rc2-128-ec.p12', PASSWORD, 'alice-ec', 1],
    ['3des-ec.p12', PASSWORD, 'alice-ec', 1],
    ['open-certificates-sha512.p12', PASSWORD, 'alice-ec', 0],
    ['empty-password.p12', '', 'alice-ec', 0],
    ['no-mac.p12', PASSWORD, 'alice-ec', 0],
  ])('%s opens', async (name, password, commonName, chain) => {
    const opened = await readPkcs12(file(name), password);
    expect(subject(opened.certificate)).toBe(`O=Adit\nCN=${commonName}`);
    expect(opened.chain.map(subject)).toEqual(Array.from({ length: chain }, () => 'O=Adit\nCN=Fixture CA'));
    const key = createPrivateKey({ key: Buffer.from(opened.privateKey), format: 'der', type: 'pkcs8' });
    expect(new X509Certificate(opened.certificate).checkPrivateKey(key)).toBe(true);
    expect(opened.friendlyName).toBe(commonName === 'alice-rsa' ? "Alice's key" : undefined);
  });

  it.each([
    ['modern-aes256.p12'],
    ['legacy-rc2-40.p12'],
    ['3des-ec.p12'],
    ['empty-password.p12'],
    ['no-mac.p12'],
    ['open-certificates-sha512.p12'],
  ])('%s says that the password is wrong', async (name) => {
    expect(await problem(file(name), 'no')).toBe('wrong-password');
  });

  it('says what it lacks', async () => {
    expect(await problem(file('no-key.p12'), PASSWORD)).toBe('no-key');
    expect(await problem(file('rc4.p12'), PASSWORD)).toBe('unsupported');
  });

  it('says that it is damaged, wherever it was cut or changed in the seal', async () => {
    const whole = file('modern-aes256.p12');
    for (const length of [0, 1, 40, 500, whole.length - 1])
      expect(await problem(whole.subarray(0, length), PASSWORD)).toBe('damaged');
    // The salt of the seal stands near the end: everything else still opens.
    const changed = whole.with(whole.length - 8, (whole.at(-8) ?? 0) ^ 1);
    expect(await problem(changed, PASSWORD)).toBe('damaged');
    expect(await problem(Uint8Array.from(file('ec-chain.pem')), PASSWORD)).toBe('damaged');
  });

  it('is not worked on for hours because it asks for it', async () => {
    const whole = Buffer.from(file('modern-aes256.p12'));
    // 2048 rounds become 0x7fff in all three places: cheap. A length more octet makes billions.
    const at = whole.lastIndexOf(Buffer.from('02020800', 'hex'));
    expect(at).toBeGreaterThan(0);
    const costly = Buffer.concat([
      whole.subarray(0, at),
      Buffer.from('02047fffffff', 'hex'),
      whole.subarray(at + 4),
    ]);
    costly.writeUInt16BE(costly.readUInt16BE(2) + 2, 2);
    const macData = costly.lastIndexOf(Buffer.from('3041', 'hex'));
    costly[macData + 1] = 0x43;
    const work = async (open: () => unknown): Promise<number> => {
      const start = process.cpuUsage().user;
      await open();
      return process.cpuUsage().user - start;
    };
    const honest = await work(() => readPkcs12(Uint8Array.from(whole), PASSWORD));
    const refusing = await work(async () =>
      expect(await problem(Uint8Array.from(costly), PASSWORD)).toBe('damaged'),
    );
    // Its rounds are a million times those of the honest file.
    expect(refusing).toBeLessThan(1000 * Math.max(honest, 1));
  });
});

describe('a key file', () => {
  it.each([
    ['ec-pkcs8.key', undefined],
    ['ec-sec1.key', undefined],
    ['rsa-pkcs1.key', undefined],
    ['ec-locked.key', PASSWORD],
    ['rsa-locked-traditional.key', PASSWORD],
  ])('%s opens, as PEM and as DER', (name, password) => {
    const pem = file(name);
    const pkcs8 = readPrivateKey(pem, password);
    expect(keySigner(pkcs8).publicKey.facts.kind).toBe(name.startsWith('ec') ? 'ecdsa' : 'rsa');
    if (name === 'rsa-locked-traditional.key') return;
    const body = Buffer.from(pem)
      .toString()
      .replaceAll(/-----.*-----|\s/g, '');
    expect(toHex(readPrivateKey(Buffer.from(body, 'base64'), password))).toBe(toHex(pkcs8));
  });

  it.each([
    ['ec-locked.key', undefined, 'password-needed'],
    ['ec-locked.key', 'no', 'wrong-password'],
    ['rsa-locked-traditional.key', undefined, 'password-needed'],
    ['rsa-locked-traditional.key', 'no', 'wrong-password'],
    ['ec-chain.pem', undefined, 'damaged'],
    ['ORIGIN.txt', undefined, 'damaged'],
    ['no-key.p12', undefined, 'damaged'],
  ] as const)('%s with %s: %s', (name, password, wanted) => {
    expect(() => readPrivateKey(file(name), password)).toThrow(expect.objectContaining({ problem: wanted }));
    expect(() => readPrivateKey(file(name), password)).toThrow(KeyFileError);
  });
});

it.each([
  ['0000000000000000', 63, '0000000000000000', 'ebb773f993278eff'],
  ['ffffffffffffffff', 64, 'ffffffffffffffff', '278b27e42e2f0d49'],
  ['3000000000000000', 64, '1000000000000001', '30649edf9be7d2c2'],
  ['88', 64, '0000000000000000', '61a8a244adacccf0'],
  ['88bca90e90875a7f0f79c384627bafb2', 128, '0000000000000000', '2269552ab0f85ca6'],
])('RC2 with key %s of %i bits is that of RFC 2268 §5', (key, bits, plaintext, ciphertext) => {
  expect(toHex(rc2CbcDecrypt(fromHex(key), bits, new Uint8Array(8), fromHex(ciphertext)))).toBe(plaintext);
});
