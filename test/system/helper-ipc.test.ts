/**
 * The helper as it is installed, on a host of its own: who may do what by the kernel's word, what it leaves readable, what
 * the environment of whoever starts it can do, and what it says on a machine that lacks something.
 */
import { appendFile, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES, calls as contract } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { ADITD, Adit } from '#test/harness/adit.ts';
import type { Host } from '#test/harness/host.ts';
import type { CallerAnswer, CallerEvent, CallerRequest } from '#test/harness/ipc-caller.ts';
import { until } from '#test/harness/process.ts';
import { World } from '#test/harness/world.ts';

const CANARY = 'canary-psk-9d21c7e0';
const PSK = Buffer.from(CANARY).toString('base64');
const CALLER = join(import.meta.dirname, '../harness/ipc-caller.ts');
const GROUP = 4990;
const MEMBER = { uid: 4001, gid: 4001, groups: [] };
const STRANGER = { uid: 4002, gid: 4002, groups: [] };
const ROOT = { uid: 0, gid: 0, groups: [] };

const profile = (name: string): ProfileInput => ({
  format: 'adit-profile',
  version: 1,
  name,
  gateway: { addresses: ['203.0.113.1'], id: 'gw.example' },
  authentication: { method: 'psk', localId: 'alice@example.org' },
});

const importOf = (name: string, more: object = {}) => ({
  method: 'profiles.import',
  params: {
    files: [{ name: 'p.json', content: Buffer.from(JSON.stringify(profile(name))).toString('base64') }],
    psk: PSK,
    ...more,
  },
});

let world: World;
let host: Host;
let adit: Adit;

beforeAll(async () => {
  world = await World.create();
  host = await world.host('client');
  const etc = `/proc/${host.pid}/root/etc`;
  await appendFile(`${etc}/group`, `adit:x:${GROUP}:member\n`);
  await appendFile(`${etc}/passwd`, 'member:x:4001:4001::/:/bin/sh\nstranger:x:4002:4002::/:/bin/sh\n');
  adit = await Adit.start(world, host);
});
afterAll(async () => {
  await adit?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

async function as(
  user: Pick<CallerRequest, 'uid' | 'gid' | 'groups'>,
  ...calls: CallerRequest['calls'][number][]
): Promise<CallerAnswer[]> {
  const request: CallerRequest = { ...user, socket: adit.socket, calls };
  return JSON.parse(await host.run([process.execPath, CALLER, JSON.stringify(request)])) as CallerAnswer[];
}

describe('who may use the helper', () => {
  it('root: everything', async () => {
    const [hello, imported, list] = await as(ROOT, importOf('Company', { forAll: true }), {
      method: 'profiles.list',
    });
    expect(hello?.result).toMatchObject({ helper: expect.stringMatching(/^aditd /) as string });
    expect(imported?.result).toMatchObject({ imported: [{ id: 'company' }] });
    expect(list?.result).toMatchObject({ profiles: [{ id: 'company', owner: 0, forAll: true }] });
  });

  it('a member of the group: their own and what is for all', async () => {
    const [, forAll, own, list, remove] = await as(
      MEMBER,
      importOf('Sly', { forAll: true }),
      importOf('Own'),
      { method: 'profiles.list' },
      { method: 'profiles.remove', params: { id: 'company' } },
    );
    expect(forAll?.error?.code).toBe(ERROR_CODES.forbidden);
    expect(own?.result).toMatchObject({ imported: [{ id: 'own' }] });
    expect(list?.result).toMatchObject({ profiles: [{ id: 'company' }, { id: 'own', owner: MEMBER.uid }] });
    expect(remove?.error?.code).toBe(ERROR_CODES.forbidden);
  });

  it('a stranger: nothing, not even hello, and a sentence about the group', async () => {
    const answers = await as(STRANGER, { method: 'status.get' });
    expect(answers).toMatchObject([{ id: null, error: { code: ERROR_CODES.forbidden } }]);
    expect(answers[0]?.error?.message).toContain('usermod -aG adit');
  });

  it('a stranger who claims a process of root: nothing', async () => {
    // The kernel reports who connected; what is said afterwards changes nothing.
    const answers = await as(STRANGER, { method: 'hello', params: { major: 1, minor: 0, pid: 1, uid: 0 } });
    expect(answers).toMatchObject([{ error: { code: ERROR_CODES.forbidden } }]);
  });

  it('a process that runs with the group: as a member', async () => {
    const [, list] = await as({ ...STRANGER, gid: GROUP }, { method: 'profiles.list' });
    expect(list?.result).toMatchObject({ profiles: [{ id: 'company' }] });
  });

  it('a user whom access.json names: from the next connection on, and no longer than it says so', async () => {
    const access = join(adit.stateDirectory, 'access.json');
    await writeFile(access, JSON.stringify({ uids: [STRANGER.uid] }), { mode: 0o600 });
    expect((await as(STRANGER, { method: 'status.get' }))[1]?.result).toMatchObject({ tunnels: [] });
    await writeFile(access, JSON.stringify({ uids: [] }));
    expect((await as(STRANGER, { method: 'status.get' }))[0]?.error?.code).toBe(ERROR_CODES.forbidden);
  });
});

describe('the calls about one profile', () => {
  it('change, show and export it for its owner; another user sees none of it', async () => {
    const [, got] = await as(MEMBER, { method: 'profiles.get', params: { id: 'own' } });
    const { summary, profile: before } = contract['profiles.get'].result.parse(got?.result);
    const changed = { ...(before as ProfileInput), mtu: 1300 };
    const [, bad, good, stale, certificates, exported, info, foreign] = await as(
      MEMBER,
      { method: 'profiles.update', params: { id: 'own', profile: { ...changed, mtu: 1 } } },
      {
        method: 'profiles.update',
        params: { id: 'own', profile: changed, baseRevision: summary.revision },
      },
      {
        method: 'profiles.update',
        params: { id: 'own', profile: changed, baseRevision: summary.revision },
      },
      { method: 'profiles.certificates', params: { id: 'own' } },
      { method: 'profiles.export', params: { id: 'own', format: 'swanctl' } },
      { method: 'helper.info' },
      { method: 'profiles.update', params: { id: 'company', profile: changed } },
    );
    expect(bad?.error).toMatchObject({
      code: ERROR_CODES.refused,
      data: { problems: [{ field: 'mtu', problem: 'found 1', remedy: 'expected at least 576' }] },
    });
    expect(good?.result).toMatchObject({ appliesAt: 'now', summary: { id: 'own', owner: MEMBER.uid } });
    expect(stale?.error?.code).toBe(ERROR_CODES.refused);
    expect(certificates?.result).toEqual({ certificates: [] });
    const { files } = contract['profiles.export'].result.parse(exported?.result);
    expect(Buffer.from(files[0]?.content ?? '', 'base64').toString()).toContain('203.0.113.1');
    expect(JSON.stringify(files)).not.toContain(PSK);
    expect(info?.result).toMatchObject({
      stateDir: adit.stateDirectory,
      node: process.version,
      dataPlane: null,
    });
    expect(foreign?.error?.code).toBe(ERROR_CODES.forbidden);
    expect(await readFile(join(adit.stateDirectory, 'profiles/own.json'), 'utf8')).toContain('1300');
  });

  it('are there on the command line', async () => {
    const file = join(world.directory, 'own.mobileconfig');
    await adit.run(['export', 'own', '--format', 'mobileconfig', '-o', file]);
    expect(await readFile(file, 'utf8')).toContain('203.0.113.1');
  });

  it('tell who listens, over the socket', async () => {
    const heard: readonly (CallerAnswer | CallerEvent)[] = await as(
      MEMBER,
      { method: 'events.subscribe', params: { topic: 'profiles' } },
      { method: 'profiles.setSecret', params: { id: 'own', psk: PSK } },
      { method: 'profiles.list' },
    );
    expect(heard).toMatchObject([
      { id: 0 },
      { id: 1, result: { sequence: 0, profiles: [{ id: 'company' }, { id: 'own' }] } },
      { id: 2 },
      { method: 'event', params: { topic: 'profiles', sequence: 1, changed: [{ id: 'own' }], removed: [] } },
      { id: 3 },
    ]);
  });
});

describe('what the helper leaves readable', () => {
  it('is its socket, and no file that holds anything', async () => {
    const files = await readdir(adit.stateDirectory, { recursive: true, withFileTypes: true });
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['aditd.log', 'own.json']));
    for (const file of files) {
      const { mode } = await stat(join(file.parentPath, file.name));
      expect([file.name, mode & 0o077]).toEqual([file.name, 0]);
    }
    expect((await stat(adit.stateDirectory)).mode & 0o777).toBe(0o700);
    expect((await host.run(['stat', '-c', '%a %U', '/run/adit', adit.socket])).trim()).toBe(
      '755 root\n666 root',
    );
  });

  it('has the secret in the profile alone', async () => {
    await adit.try(['up', 'own', '--timeout', '2']);
    await adit.try(['up', 'company', '--timeout', '2']);
    await adit.run(['down']);
    const forms = [CANARY, PSK, Buffer.from(CANARY).toString('hex')];
    const files = await readdir(adit.stateDirectory, { recursive: true, withFileTypes: true });
    const holders: string[] = [];
    for (const file of files.filter((each) => each.isFile())) {
      const text = await readFile(join(file.parentPath, file.name), 'utf8');
      if (forms.some((form) => text.includes(form))) holders.push(file.name);
    }
    expect(holders.sort()).toEqual(['company.json', 'own.json']);
    const said = [
      adit.output,
      ...(
        await Promise.all(
          [['status', '--json'], ['profiles'], ['show', 'own'], ['log']].map((words) => adit.try(words)),
        )
      ).map(({ stdout, stderr }) => stdout + stderr),
    ].join('\n');
    for (const form of forms) expect(said).not.toContain(form);
    expect(said).toContain('203.0.113.1');
  });
});

describe('the environment of whoever starts the helper', () => {
  it('runs nothing in it', async () => {
    const evil = join(world.directory, 'evil.cjs');
    const marker = join(world.directory, 'marker');
    await writeFile(evil, `require('node:fs').appendFileSync(${JSON.stringify(marker)}, 'x');`);
    const env = {
      NODE_OPTIONS: `--require ${evil}`,
      BASH_ENV: evil,
      ENV: evil,
      OPENSSL_CONF: evil,
      NODE_PATH: world.directory,
    };
    const marks = () => readFile(marker, 'utf8').catch(() => '');
    // The attack works on a program that takes its environment.
    await host.run([process.execPath, '-e', '0'], { env: { NODE_OPTIONS: env.NODE_OPTIONS } });
    expect(await marks()).toBe('x');
    expect(await host.run([ADITD, '--version'], { env })).toMatch(/^aditd \d/);
    expect(await marks()).toBe('x');
  });
});

/** A second helper with its own places, started by a shell line that prepares the want. */
async function failureOf(name: string, prepare: string, start = 'exec "$@"') {
  const directory = join(world.directory, name);
  await mkdir(directory, { mode: 0o700 });
  const socket = join(directory, 'run', 'aditd.sock');
  const daemon = host.start([
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-ec',
    `${prepare}\n${start}`,
    'sh',
    ADITD,
    '--socket',
    socket,
    '--state-dir',
    join(directory, 'state'),
    '--foreground',
  ]);
  await until('aditd listens', () => daemon.output.includes('listening') || !daemon.running, {
    context: () => daemon.output,
  });
  const call = async (...calls: CallerRequest['calls'][number][]) => {
    const request: CallerRequest = { ...ROOT, socket, calls };
    return JSON.parse(await host.run([process.execPath, CALLER, JSON.stringify(request)])) as CallerAnswer[];
  };
  return { daemon, call, directory };
}

describe('on a machine that lacks something', () => {
  it.each([
    ['no /dev/net/tun', 'mount -t tmpfs none /dev/net', 'exec "$@"', /modprobe tun/],
    ['no CAP_NET_ADMIN', ':', 'exec setpriv --bounding-set -net_admin -- "$@"', /CAP_NET_ADMIN/],
  ])('%s: up fails with the cause and the remedy', async (name, prepare, start, remedy) => {
    const { daemon, call } = await failureOf(name.replaceAll(/\W/g, '-'), prepare, start);
    await call(importOf('Work'), { method: 'tunnel.up', params: { id: 'work' } });
    const [, status] = await until('it has failed', async () => {
      const answers = await call({ method: 'status.get' });
      return JSON.stringify(answers).includes('"failed"') && answers;
    });
    expect(status?.result).toMatchObject({ tunnels: [{ state: 'failed', failure: { cause: 'system' } }] });
    expect(JSON.stringify(status?.result)).toMatch(remedy);
    expect(await daemon.stop()).toBe(0);
  });

  it('a full disk: an import is refused, and what was stored stays', async () => {
    const { daemon, call, directory } = await failureOf(
      'full',
      `mkdir -m 700 "${join(world.directory, 'full', 'state')}"; mount -t tmpfs -o size=128k,mode=700 none "${join(world.directory, 'full', 'state')}"`,
    );
    const imports = Array.from({ length: 40 }, (_, at) => importOf(`p${at}`));
    const answers = (await call(...imports)).slice(1);
    const refused = answers.filter(({ error }) => error);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.error).toMatchObject({
      code: ERROR_CODES.refused,
      message: expect.stringMatching(/disk is full/) as string,
    });
    const [, list] = await call({ method: 'profiles.list' });
    const { profiles } = contract['profiles.list'].result.parse(list?.result);
    expect(profiles).toHaveLength(answers.length - refused.length);
    expect(directory).toContain(world.directory);
    expect(await daemon.stop()).toBe(0);
  });

  it('nobody who reads its standard error any more: it serves on', async () => {
    const fifo = join(world.directory, 'unread', 'stderr');
    const { daemon, call } = await failureOf(
      'unread',
      `mkfifo "${fifo}"; sed -u /listening/q < "${fifo}" &`,
      `exec "$@" 2> "${fifo}"`,
    );
    // Each leaves lines in the log.
    for (const name of ['a', 'b']) expect((await call(importOf(name)))[1]?.result).toBeDefined();
    expect(await daemon.stop()).toBe(0);
  });

  it('a slip in access.json: told at the start and by doctor, and it starts all the same', async () => {
    const state = join(world.directory, 'slip', 'state');
    const { daemon, call } = await failureOf(
      'slip',
      `mkdir -m 700 "${state}"; echo '{ "uids": ["member", 4001], "anyUsr": true }' > "${state}/access.json"`,
    );
    expect(daemon.output).toContain(
      `warn  main: ${state}/access.json: uids[0]: "member" is no user id; write the number that "id -u member" prints`,
    );
    expect(daemon.output).toContain(`${state}/access.json: anyUsr: the key is unknown; its value is true;`);
    const [, examined] = await call({ method: 'doctor.run' });
    const { checks } = contract['doctor.run'].result.parse(examined?.result);
    expect(checks).toContainEqual({
      check: 'access.json',
      ok: false,
      found: expect.stringContaining('anyUsr: the key is unknown') as string,
      remedy: expect.stringContaining('uids and anyUser') as string,
    });
    expect(await daemon.stop()).toBe(0);
  });

  it('a second helper: refused with the pid of the first', async () => {
    const second = adit.spawn();
    expect(await second.exited).toBe(1);
    expect(second.output).toMatch(new RegExp(`another aditd \\(pid \\d+\\).*kill`));
    expect((await as(ROOT, { method: 'status.get' }))[1]?.result).toBeDefined();
  });
});
