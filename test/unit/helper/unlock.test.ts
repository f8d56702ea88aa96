/** A PKCS#12 file beside a profile: kept open where its password is known, locked where it is not. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { Secret } from '#helper/secret.ts';
import { unlock } from '#helper/unlock.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { TestPki } from '#test/harness/test-pki.ts';

const pki = new TestPki();
afterAll(() => pki[Symbol.dispose]());

const { certificates, key } = pki.leaf(pki.ca('Lab'), 'alice', { usage: 'clientAuth' });
const derOf = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, '');

function pkcs12(password: string, more: readonly string[] = []): Secret {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'cert'), certificates);
  writeFileSync(join(folder, 'key'), key);
  const line = [
    'pkcs12',
    '-export',
    '-in',
    'cert',
    '-inkey',
    'key',
    '-out',
    'p12',
    '-passout',
    `pass:${password}`,
    ...more,
  ];
  execFileSync('openssl', line, { cwd: folder });
  return new Secret(readFileSync(join(folder, 'p12')));
}

const profile = profileNamed('work', { authentication: { method: 'certificate' } });

describe('a PKCS#12 file', () => {
  it.each(['right', ''])('whose password is %j leaves certificate and key', async (password) => {
    const pkcs12Password = new Secret(utf8(password));
    const open = await unlock({ profile, otherSecrets: { pkcs12: pkcs12(password), pkcs12Password } });
    expect(open.profile.authentication).toMatchObject({ certificate: derOf(certificates), chain: [] });
    expect(Object.keys(open.otherSecrets ?? {})).toEqual(['privateKey']);
    expect(Buffer.from(open.otherSecrets?.privateKey?.reveal() ?? []).toString('base64')).toBe(derOf(key));
  });

  it('without a password stays locked, unless it has none', async () => {
    const locked = { profile, otherSecrets: { pkcs12: pkcs12('right') } };
    expect(await unlock(locked)).toBe(locked);
    const open = await unlock({ profile, otherSecrets: { pkcs12: pkcs12('') } });
    expect(Object.keys(open.otherSecrets ?? {})).toEqual(['privateKey']);
  });

  it('with a wrong password is refused, and one that is none as well', async () => {
    const pkcs12Password = new Secret(utf8('wrong'));
    await expect(
      unlock({ profile, otherSecrets: { pkcs12: pkcs12('right'), pkcs12Password } }),
    ).rejects.toThrow(/password/);
    await expect(unlock({ profile, otherSecrets: { pkcs12: new Secret(utf8('junk')) } })).rejects.toThrow(
      /damaged/,
    );
  });
});

it.each([
  ['PBKDF2', ['-iter', '400000', '-nomaciter']],
  ['the derivation of PKCS#12', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-iter', '100000']],
])('a PKCS#12 file that takes long by %s leaves everybody else their turns', async (_, how) => {
  const pkcs12Password = new Secret(utf8('right'));
  const costly = pkcs12('right', how);
  let [turns, open] = [0, true];
  const count = (): void => {
    turns++;
    if (open) setImmediate(count);
  };
  setImmediate(count);
  await unlock({ profile, otherSecrets: { pkcs12: costly, pkcs12Password } });
  open = false;
  // Without them there are one or two.
  expect(turns).toBeGreaterThan(20);
});

describe('a private key with a password', () => {
  const locked = execFileSync('openssl', ['pkcs8', '-topk8', '-outform', 'DER', '-passout', 'pass:right'], {
    input: key,
  });
  const keyed = profileNamed('work', {
    authentication: { method: 'certificate', certificate: derOf(certificates) },
  });
  const secrets = (password: string) => ({
    privateKey: new Secret(locked),
    privateKeyPassword: new Secret(utf8(password)),
  });

  it('is kept open', async () => {
    const open = await unlock({ profile: keyed, otherSecrets: secrets('right') });
    expect(Object.keys(open.otherSecrets ?? {})).toEqual(['privateKey']);
    expect(Buffer.from(open.otherSecrets?.privateKey?.reveal() ?? []).toString('base64')).toBe(derOf(key));
  });

  it.each([
    ['PBES2 with scrypt', ['-scrypt']],
    ['PBES2 with 3DES', ['-v2', 'des3']],
    ['PBES1', ['-v1', 'PBE-SHA1-3DES']],
  ])('is opened where it was locked by %s', async (_, how) => {
    const der = execFileSync(
      'openssl',
      ['pkcs8', '-topk8', '-outform', 'DER', '-passout', 'pass:right', ...how],
      {
        input: key,
      },
    );
    const otherSecrets = { ...secrets('right'), privateKey: new Secret(der) };
    const open = await unlock({ profile: keyed, otherSecrets });
    expect(Object.keys(open.otherSecrets ?? {})).toEqual(['privateKey']);
  });

  it.each([
    ['-v2', 'aes-256-cbc'],
    ['-v1', 'PBE-SHA1-3DES'],
  ])('is refused where it asks for more rounds than any honest one (%s)', async (...how) => {
    const line = ['pkcs8', '-topk8', '-outform', 'DER', '-iter', '65537', '-passout', 'pass:right', ...how];
    const der = execFileSync('openssl', line, { input: key });
    const rounds = der.indexOf(Buffer.from('0203010001', 'hex'));
    expect(rounds).toBeGreaterThan(0);
    der.set([0x7f, 0xff, 0xff], rounds + 2);
    const otherSecrets = { ...secrets('right'), privateKey: new Secret(der) };
    // Tried in vain it would be a wrong password.
    await expect(unlock({ profile: keyed, otherSecrets })).rejects.toThrow(/no private key that can be read/);
  });

  it('is not looked for as PEM inside of another, where its rounds would count for nothing', async () => {
    const pem = execFileSync('openssl', ['pkcs8', '-topk8', '-passout', 'pass:right'], { input: key });
    // EncryptedPrivateKeyInfo of no algorithm, and that PEM as its octets.
    const inner = Buffer.concat([Buffer.from('\n'), pem]);
    const head = Buffer.from('3082000030040602010004820000', 'hex');
    head.writeUInt16BE(inner.length + 10, 2);
    head.writeUInt16BE(inner.length, 12);
    const otherSecrets = { ...secrets('right'), privateKey: new Secret(Buffer.concat([head, inner])) };
    await expect(unlock({ profile: keyed, otherSecrets })).rejects.toThrow(/no private key that can be read/);
  });

  it('stays locked without one', async () => {
    const entry = { profile: keyed, otherSecrets: { privateKey: new Secret(locked) } };
    expect(await unlock(entry)).toBe(entry);
  });

  it('is refused with a wrong one, and the password without a key', async () => {
    await expect(unlock({ profile: keyed, otherSecrets: secrets('wrong') })).rejects.toThrow(/does not open/);
    const { privateKeyPassword } = secrets('right');
    await expect(unlock({ profile: keyed, otherSecrets: { privateKeyPassword } })).rejects.toThrow(
      /no private key/,
    );
  });
});
