/**
 * Secrets that cannot be mistaken for anything else go through the helper's whole life: import, logins that fail before and
 * after the password was said, a fault that nobody caught, a crash, a restart, an end. Then everything that anybody could read is searched for them. The search itself is shown to find one.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit, ADIT } from '#test/harness/adit.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { certificateSswan, der, pkcs12 } from '#test/harness/login-files.ts';
import { until } from '#test/harness/process.ts';
import { CLIENT_ID, GATEWAY_ID } from '#test/harness/scene.ts';
import { TestPki } from '#test/harness/test-pki.ts';

/** Of this run alone: files of others on this machine, this test's own among them, hold other ones. */
const canary = (name: string): string => `canary-${name}-${randomBytes(8).toString('hex')}`;
const PSK = canary('psk');
const WRONG_PSK = canary('wrong');
const PASSWORD = canary('password');
const P12_PASSWORD = canary('p12');

/** As base64 of something longer shows it, where `shift` octets stand before it in its group of three. */
function inBase64(bytes: Uint8Array, shift: number): Buffer {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return Buffer.from(text.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + bytes.length) * 4) / 3)));
}

/** In every way in which somebody could write it down. */
const formsOf = (octets: Uint8Array): Buffer[] => {
  const bytes = Buffer.from(octets);
  return [
    bytes,
    Buffer.from(bytes.toString('hex')),
    ...[0, 1, 2].map((shift) => inBase64(bytes, shift)),
    Buffer.from(bytes.toString('utf8'), 'utf16le'),
  ];
};

const pki = new TestPki();
const ca = pki.ca('Canary-CA');
const server = pki.leaf(ca, GATEWAY_ID, { usage: 'serverAuth', san: `DNS:${GATEWAY_ID}` });
const own = pki.leaf(ca, 'alice', { usage: 'clientAuth', san: 'email:alice@lab.example' });
/** The private value, which every form of the key holds as it is. */
const keyOctets = Buffer.from(createPrivateKey(own.key).export({ format: 'jwk' }).d ?? '', 'base64url');

const canaries: readonly Buffer[] = [PSK, WRONG_PSK, PASSWORD, P12_PASSWORD]
  .map((text) => Buffer.from(text))
  .concat(keyOctets)
  .flatMap(formsOf);

const holds = (content: Uint8Array | string): boolean => {
  const bytes = Buffer.from(content as Uint8Array);
  return canaries.some((each) => bytes.includes(each));
};

let lab: Lab;
let adit: Adit;
const said: string[] = [];

const adit$ = async (words: readonly string[], input?: string): Promise<void> => {
  const { stdout, stderr } = await adit.try(words, input === undefined ? {} : { input });
  said.push(stdout, stderr);
};

beforeAll(async () => {
  lab = await Lab.create();
  await writeFile(join(lab.world.directory, 'start'), '');
  adit = await Adit.start(lab.world, lab.client);
});
afterAll(async () => {
  await adit?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  pki[Symbol.dispose]();
});

const gatewayWith = (
  logins: Pick<Parameters<typeof EmbeddedGateway.start>[1], 'keys' | 'certificate' | 'clients'>,
): Promise<EmbeddedGateway> =>
  EmbeddedGateway.start(lab.gateway, {
    localId: GATEWAY_ID,
    pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
    dns: [],
    localTs: [LAB.inner.net4],
    ...logins,
  });

const profile = (name: string, authentication: ProfileInput['authentication']): ProfileInput => ({
  format: 'adit-profile',
  version: 1,
  name,
  gateway: {
    addresses: [LAB.gateway.ip4],
    id: GATEWAY_ID,
    ...(authentication.method === 'psk'
      ? {}
      : { authentication: { method: 'certificate', ca: [der(ca.certificates)] } }),
  },
  authentication,
  child: { remoteTs: [LAB.inner.net4] },
});

async function importProfile(name: string, content: string, option: string, input: string): Promise<void> {
  const file = join(lab.world.directory, name);
  await writeFile(file, content, { mode: 0o600 });
  await adit$(['import', file, option, '--json'], input);
}

/** argv and environment of every process of the lab. */
async function processes(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parts = await Promise.all(
    pids.flatMap((pid) =>
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')),
    ),
  );
  // The gateway of the lab is told its key there.
  return parts.filter((part) => !part.includes('embedded-gateway-main'));
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

const holdersOf = async (files: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(files.map(async (file) => (holds(await readFile(file)) ? [file] : [])));
  return found.flat().sort();
};

/** What users can ask for, in words and as JSON. */
async function askEverything(): Promise<void> {
  const ids = (await adit.profiles()).map(({ id }) => id);
  for (const words of [['status'], ['profiles'], ['log'], ['doctor']]) {
    await adit$(words);
    await adit$([...words, '--json']);
  }
  for (const id of ids) {
    await adit$(['show', id, '--json']);
    for (const format of ['adit', 'sswan', 'mobileconfig', 'swanctl'])
      await adit$(['export', id, '--format', format]);
  }
}

/** The gateway proves itself and hears the password as it is (EAP-GTC), which is not the one that it knows. */
async function logInInVain(): Promise<void> {
  await using _gateway = await gatewayWith({
    keys: {},
    certificate: server,
    clients: { method: 'eap', eap: ['GTC'], users: { alice: 'another' } },
  });
  const { code, stdout, stderr } = await adit.try(['up', 'login', '--json']);
  said.push(stdout, stderr);
  expect([code, stdout + stderr]).toEqual([expect.any(Number), expect.stringContaining('wrong-password')]);
  await askEverything();
}

/** A helper in which something throws that nobody catches: it says so, and ends. */
async function fault(): Promise<void> {
  await adit.stop();
  said.push(adit.output);
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const preload = join(root, 'test/harness/faulty-helper.ts');
  const launcher = join(lab.world.directory, 'faulty-aditd');
  const secret = PASSWORD.split('').reverse().join('');
  await writeFile(
    launcher,
    `#!/bin/sh\nulimit -c 0\nADIT_TEST_SECRET=${secret} exec ${process.execPath} --import ${preload} ${root}helper/main.ts "$@"\n`,
    { mode: 0o755 },
  );
  const { stateDirectory } = adit;
  const programs = { aditd: launcher, adit: ADIT };
  await using faulty = await Adit.start(lab.world, lab.client, { stateDirectory, programs });
  process.kill(faulty.pid, 'SIGUSR2');
  await until('the helper ends', () => !faulty.daemon.running);
  said.push(faulty.output);
  expect(faulty.output).toContain('a fault in the helper itself');
  expect(faulty.output).toMatch(/Error: ENOENT.*\n.* at .*faulty-helper\.ts/s);
  await adit.restart();
}

describe('a canary', () => {
  it('goes through import, login, failure, fault, crash and restart', async () => {
    await using gateway = await gatewayWith({ keys: { [CLIENT_ID]: PSK } });
    const psk = profile('Psk', { method: 'psk', localId: CLIENT_ID });
    await importProfile('psk.json', JSON.stringify(psk), '--secret-stdin', PSK);
    const login = profile('Login', { method: 'eap', user: 'alice', methods: ['gtc'] });
    await importProfile('login.json', JSON.stringify(login), '--password-stdin', PASSWORD);
    const file = certificateSswan('Card', LAB.gateway.ip4, ca.certificates, {
      p12: pkcs12(own, P12_PASSWORD),
      id: 'alice@lab.example',
    });
    await importProfile('card.sswan', file, '--p12-password-stdin', P12_PASSWORD);
    await adit.up('psk');
    said.push(...(await processes()));
    await askEverything();
    await adit.down('psk');
    await adit$(['up', 'psk', '--secret-stdin', '--json'], WRONG_PSK);
    await adit$(['up', 'card', '--json']);
    await adit$(['up', 'card', '--timeout', '10']);
    await gateway[Symbol.asyncDispose]();
    await logInInVain();
    await fault();
    await using _again = await gatewayWith({ keys: { [CLIENT_ID]: PSK } });
    await adit.up('psk');
    expect(await adit.stop('SIGSEGV')).not.toBe(0);
    said.push(adit.output);
    await adit.restart();
    await askEverything();
    expect((await adit.profiles()).map(({ missingSecrets }) => missingSecrets)).toEqual([[], [], []]);
  });

  it('is in nothing that anybody is told, and in no argv or environment', () => {
    said.push(adit.output);
    expect(said.join('').length).toBeGreaterThan(10_000);
    expect(said.filter(holds)).toEqual([]);
  });

  it('is in the store alone of all files, which is root’s', async () => {
    const files = await filesBelow(adit.stateDirectory);
    expect(files.some((file) => file.endsWith('aditd.log'))).toBe(true);
    const stored = ['card', 'login', 'psk'].map((id) => join(adit.stateDirectory, 'profiles', `${id}.json`));
    expect(await holdersOf(files)).toEqual(stored);
    const modes = await Promise.all(
      [adit.stateDirectory, join(adit.stateDirectory, 'profiles'), ...stored].map((path) => stat(path)),
    );
    expect(modes.map(({ mode, uid }) => [(mode & 0o777).toString(8), uid])).toEqual([
      ['700', 0],
      ['700', 0],
      ...stored.map(() => ['600', 0]),
    ]);
  });

  it('is in no file that was written anywhere else meanwhile, as the helper sees the system', async () => {
    const { directory } = lab.world;
    const places = ['/etc', '/run', '/var', '/tmp', '/dev/shm', '/root', '/home'];
    const search = `find ${places.join(' ')} -xdev -path ${adit.stateDirectory} -prune -o -type f -newer ${directory}/start -size -4096k -print0`;
    const decoy = join('/tmp', `${PSK}.tmp`);
    await writeFile(decoy, `key ${PSK}\n`);
    // Files of others vanish meanwhile.
    const { stdout } = await lab.client.try([
      'sh',
      '-c',
      `${search} 2>/dev/null | xargs -0 -r grep -laF -e ${[PSK, WRONG_PSK, PASSWORD, P12_PASSWORD].join(' -e ')}`,
    ]);
    await rm(decoy);
    expect(stdout).toBe(`${decoy}\n`);
  });

  it('cannot be read out of the helper’s memory or environment by another user', async () => {
    const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
    for (const name of ['mem', 'environ', 'maps']) {
      const file = `/proc/${adit.pid}/${name}`;
      const { code, stderr } = await lab.client.try([...asNobody, 'cat', file]);
      expect([name, code]).toEqual([name, 1]);
      expect(stderr).toMatch(/Permission denied/);
    }
    const own = await lab.client.try([...asNobody, 'cat', '/proc/self/environ']);
    expect(own.code).toBe(0);
  });

  it('is in no core file: the helper writes none', async () => {
    const limits = await readFile(`/proc/${adit.pid}/limits`, 'utf8');
    expect(limits).toMatch(/^Max core file size\s+0\s+0\s/m);
    const below = await filesBelow(lab.world.directory);
    expect(below.filter((file) => /(^|\/)core(\.\d+)?$|report.*\.json$|\.heapsnapshot$/.test(file))).toEqual(
      [],
    );
  });

  it('is found by this search where it does leak', async () => {
    const folder = join(lab.world.directory, 'leak');
    await mkdir(folder);
    const leaks = [PSK, Buffer.from(PASSWORD).toString('base64'), keyOctets.toString('hex')];
    const files = leaks.map((_, at) => join(folder, `${at}.log`));
    await Promise.all(
      leaks.map((leak, at) => writeFile(files[at] ?? '', `error tunnel: key ${leak} refused`)),
    );
    expect(await holdersOf(await filesBelow(folder))).toEqual(files);
    expect(holds('error tunnel: the key was refused')).toBe(false);
  });
});
