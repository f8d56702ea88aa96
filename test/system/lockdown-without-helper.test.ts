/**
 * Lockdown where no helper runs, with the real programs, a real nft and real packets. Before it: what the package's unit
 * loads. After it: the helper is killed, and `aditd --rescue` or `adit doctor --rescue` leads out.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADDON_PATH } from '#helper/native/addon.ts';
import { ADIT, ADITD, Adit } from '#test/harness/adit.ts';
import type { Host } from '#test/harness/host.ts';
import { World } from '#test/harness/world.ts';

const GONE = 'removed the rules of lockdown: what no tunnel takes may leave again';
const NEIGHBOUR = '203.0.113.9';

let world: World;
let host: Host;

beforeEach(async () => {
  world = await World.create();
  const [client, neighbour] = await world.hosts('client', 'neighbour');
  host = client;
  await world.link(
    { host, device: 'eth0', addresses: ['203.0.113.1/24'] },
    { host: neighbour, device: 'eth0', addresses: [`${NEIGHBOUR}/24`] },
  );
  // /var/lib/adit is where the command line looks: here it is this host's own.
  await host.run(['sh', '-ec', 'mount -t tmpfs -o mode=755 none /var/lib; mkdir -m 700 /var/lib/adit']);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const tables = () => host.run(['nft', 'list', 'tables']);
const reaches = async (): Promise<boolean> =>
  (await host.try(['ping', '-c', '1', '-W', '1', NEIGHBOUR])).code === 0;

/** In lockdown, and then killed. */
async function killed(options: { readonly arguments?: readonly string[] } = {}): Promise<Adit> {
  const adit = await Adit.start(world, host, options);
  expect(await reaches()).toBe(true);
  expect(await adit.run(['lockdown', 'on', '--yes'])).toMatch(/^Lockdown is on: /);
  await adit.stop('SIGKILL');
  expect(await tables()).toBe('table inet adit_lockdown\n');
  expect(await reaches()).toBe(false);
  return adit;
}

describe('adit-lockdown.service', () => {
  it('loads what a helper left in lockdown, unless one runs, whose rules let its tunnels pass', async () => {
    const unit = await readFile(
      join(import.meta.dirname, '../../assets/linux/adit-lockdown.service'),
      'utf8',
    );
    const [, start = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
    const conditions = unit.match(/^Condition.*$/gm) ?? [];
    /** As systemd starts it: whether its conditions hold, and then what it runs. */
    const boot = async (): Promise<boolean> => {
      if ((await host.try(['systemd-analyze', 'condition', ...conditions])).code !== 0) return false;
      await host.run(start.split(' '));
      return true;
    };
    const adit = await Adit.start(world, host, { arguments: ['--state-dir', '/var/lib/adit'] });
    await adit.run(['lockdown', 'on', '--yes']);
    expect(await boot()).toBe(false);
    await adit.stop();
    // The machine is started again.
    await host.run(['sh', '-ec', 'nft flush ruleset; rm -r /run/adit']);
    expect(await reaches()).toBe(true);
    expect(await boot()).toBe(true);
    expect(await reaches()).toBe(false);
    await adit.restart();
    expect(await adit.run(['lockdown', 'off'])).toBe('Lockdown is off.\n');
    expect(await reaches()).toBe(true);
    await adit.stop();
    await host.run(['sh', '-ec', 'nft flush ruleset; rm -r /run/adit']);
    expect(await boot()).toBe(false);
  });
});

describe('aditd --rescue', () => {
  it('ends the lockdown of a helper that was killed, and the next one is out of it, too', async () => {
    const adit = await killed();
    const { stateDirectory } = adit;
    const { code, stdout, stderr } = await host.try([ADITD, '--rescue', '--state-dir', stateDirectory]);
    const files = ['lockdown.json', 'lockdown.nft'].map((name) => `removed ${join(stateDirectory, name)}\n`);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${files.join('')}${GONE}\n`, stderr: '' });
    expect(await tables()).toBe('');
    expect(await reaches()).toBe(true);
    expect(await readdir(stateDirectory)).not.toContain('aditd.lock');
    await adit.restart();
    expect(await adit.run(['lockdown'])).toBe('Lockdown is off.\n');
    await adit.stop();
  });

  it('is no matter for a helper that runs, which stays in lockdown and ends it itself', async () => {
    const adit = await Adit.start(world, host);
    await adit.run(['lockdown', 'on', '--yes']);
    const { code, stdout, stderr } = await host.try([ADITD, '--rescue', '--state-dir', adit.stateDirectory]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^aditd: a helper \(pid \d+\) runs .*"adit lockdown off".*systemctl stop aditd/);
    expect(await reaches()).toBe(false);
    expect(await adit.run(['lockdown', 'off'])).toBe('Lockdown is off.\n');
    expect(await reaches()).toBe(true);
    await adit.stop();
  });

  it('does without the addon, and with damaged files, which keep a helper in lockdown', async () => {
    const adit = await killed();
    const { stateDirectory } = adit;
    await writeFile(join(stateDirectory, 'lockdown.json'), '{"lan":');
    await adit.restart();
    expect(await reaches()).toBe(false);
    await adit.stop('SIGKILL');
    await host.run(['mount', '--bind', '/dev/null', ADDON_PATH]);
    const start = await host.try([ADITD, '--state-dir', stateDirectory, '--foreground']);
    expect(start).toMatchObject({ code: 1, stderr: expect.stringContaining('does not load') as string });
    expect(await reaches()).toBe(false);
    await writeFile(join(stateDirectory, 'journal.json'), '{"version":1,"entries":[{"effect":');
    const { code, stdout, stderr } = await host.try([ADITD, '--rescue', '--state-dir', stateDirectory]);
    expect({ code, last: stdout.split('\n').at(-2) }).toEqual({ code: 0, last: GONE });
    expect(stderr).toMatch(/^The journal .* was damaged and is kept as .*journal\.json\.corrupt; .*\n$/);
    expect(await reaches()).toBe(true);
  });

  it('undoes what the journal names', async () => {
    const adit = await killed();
    const entry = { effect: 'firewall', tun: 'adit0', table: 'adit_adit0' };
    await writeFile(
      join(adit.stateDirectory, 'journal.json'),
      JSON.stringify({ version: 1, entries: [entry] }),
      { mode: 0o600 },
    );
    await host.nft('add table ip adit_adit0');
    expect(await host.run([ADITD, '--rescue', '--state-dir', adit.stateDirectory])).toMatch(
      /^Undid what a former tunnel left: firewall of adit0\nremoved /,
    );
    expect(await tables()).toBe('');
    expect(JSON.parse(await readFile(join(adit.stateDirectory, 'journal.json'), 'utf8'))).toEqual({
      version: 1,
      entries: [],
    });
  });

  it('says what it may not do, and removes what it may', async () => {
    const { stateDirectory } = await killed();
    const powerless = ['setpriv', '--bounding-set', '-net_admin', '--'];
    const { code, stdout, stderr } = await host.try([
      ...powerless,
      ADITD,
      '--rescue',
      '--state-dir',
      stateDirectory,
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The rules of lockdown may stand: .*CAP_NET_ADMIN\n$/);
    expect(stdout).toContain('lockdown.nft');
    expect(await tables()).toContain('adit_lockdown');
  });
});

describe('adit doctor --rescue', () => {
  const rescue = (...words: string[]) => host.try([ADIT, 'doctor', '--rescue', ...words], { cwd: '/' });

  it('starts the helper’s program where nobody answers, and asks a helper that does', async () => {
    const own = { arguments: ['--state-dir', '/var/lib/adit'] };
    const adit = await killed(own);
    const { code, stdout, stderr } = await rescue('--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      done: ['removed /var/lib/adit/lockdown.json', 'removed /var/lib/adit/lockdown.nft', GONE],
    });
    expect(await reaches()).toBe(true);

    await adit.restart();
    await adit.run(['lockdown', 'on', '--yes']);
    expect(await reaches()).toBe(false);
    expect(await rescue()).toMatchObject({ code: 0, stdout: 'lockdown is off\n', stderr: '' });
    expect(await reaches()).toBe(true);
    await adit.stop();
    // Nobody is there again, and nothing either.
    expect(await rescue()).toMatchObject({ code: 0, stdout: 'nothing was left, and lockdown is off\n' });
  });

  it('does not end what a helper holds that does not answer at this socket', async () => {
    const adit = await Adit.start(world, host, {
      arguments: ['--state-dir', '/var/lib/adit'],
      socket: '/run/else/s',
    });
    await adit.run(['lockdown', 'on', '--yes']);
    const { code, stdout, stderr } = await rescue();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^adit: aditd: a helper \(pid \d+\) runs/);
    expect(await reaches()).toBe(false);
    await adit.stop();
  });

  it('leaves it to root', async () => {
    await killed({ arguments: ['--state-dir', '/var/lib/adit'] });
    // The folder that the sources lie in may be closed to others.
    await host.run([
      'sh',
      '-ec',
      `mkdir /run/sources; mount --bind '${dirname(dirname(ADIT))}' /run/sources`,
    ]);
    const person = ['setpriv', '--reuid', '4001', '--regid', '4001', '--clear-groups', '--'];
    const { code, stderr } = await host.try([...person, '/run/sources/cli/adit', 'doctor', '--rescue'], {
      cwd: '/',
    });
    expect({ code, last: stderr.trim().split('\n').at(-1) }).toEqual({
      code: 1,
      last: 'Run: sudo adit doctor --rescue',
    });
    expect(await reaches()).toBe(false);
  });
});

describe('adit doctor', () => {
  it('says of lockdown what stands, and what helps where that is not what was wished for', async () => {
    const adit = await Adit.start(world, host);
    const check = async (): Promise<string> => {
      const { stdout } = await adit.try(['doctor']);
      return /^\w+ +lockdown: .*(\n {9}.*)?/m.exec(stdout)?.[0] ?? stdout;
    };
    expect(await check()).toBe('ok       lockdown: off');
    await adit.run(['lockdown', 'on', '--yes']);
    expect(await check()).toBe('ok       lockdown: on, and in force');
    await adit.run(['lockdown', 'off']);
    await host.nft('add table inet adit_lockdown');
    expect(await check()).toMatch(/^problem {2}lockdown: off, but .*\n +End it: adit lockdown off$/);
    await adit.run(['lockdown', 'off']);
    expect(await check()).toBe('ok       lockdown: off');
    await adit.stop();
  });
});
