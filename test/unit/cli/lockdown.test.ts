/** `adit lockdown`, what `adit status` says of it, and who is here by SSH. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockdownSchema, type LockdownStatus, type Params, statusSchema } from '#core/ipc/contract.ts';
import { isOverSsh } from '#cli/over-ssh.ts';
import { type Answers, Refusal } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED } from '#test/fakes/statuses.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { emits, helper, run } from '#test/harness/cli-session.ts';

const OFF: LockdownStatus = { on: false, lan: false, byAdmin: false, fault: null };
const ON: LockdownStatus = { ...OFF, on: true };
const SENTENCE = 'Lockdown is on: nothing leaves this computer but through a tunnel.';

const that = (lockdown: LockdownStatus): Answers => ({ 'status.get': () => ({ tunnels: [], lockdown }) });
/** Does what it is told, with `more` to say about it. */
const obeying = (more: Partial<LockdownStatus> = {}): Answers => ({
  ...that(OFF),
  'lockdown.set': ({ on, lan }: Params<'lockdown.set'>) => ({ ...OFF, on, lan: lan ?? false, ...more }),
});

describe('adit lockdown', () => {
  it.each<[string, LockdownStatus, number, string]>([
    ['off', OFF, 0, 'Lockdown is off.\n'],
    ['on', ON, 0, `${SENTENCE}\n`],
    [
      'with the local network',
      { ...ON, lan: true },
      0,
      'Lockdown is on: nothing leaves this computer but through a tunnel, or to the local network.\n',
    ],
    [
      'by an administrator',
      { ...ON, byAdmin: true },
      0,
      `${SENTENCE}\nAn administrator switched it on, and only an administrator changes it.\n`,
    ],
    [
      'not in force',
      { ...ON, fault: 'nft is missing\u001b[2J. Install it' },
      1,
      `${SENTENCE}\nproblem  not all of it is in force: nft is missing\\u{1b}[2J. Install it\n`,
    ],
  ])('alone says how it is: %s', async (_, lockdown, code, stdout) => {
    const fake = await helper(that(lockdown));
    expect(await run(fake, 'lockdown')).toMatchObject({ code, stdout, stderr: '' });
    const json = await run(fake, 'lockdown --json');
    expect({ code: json.code, told: lockdownSchema.parse(JSON.parse(json.stdout)) }).toEqual({
      code,
      told: lockdown,
    });
    expect(fake.received.map(({ name }) => name)).toEqual(['status.get', 'status.get']);
  });

  it.each([
    ['on --yes', { on: true, lan: false }, `${SENTENCE}\n`],
    ['on --lan -y', { on: true, lan: true }, /or to the local network\.\n$/],
    ['off', { on: false, lan: false }, 'Lockdown is off.\n'],
  ])('%s', async (words, params, stdout) => {
    const fake = await helper(obeying());
    expect(await run(fake, `lockdown ${words}`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(stdout) as string,
      stderr: '',
    });
    expect(fake.received.at(-1)).toEqual({ name: 'lockdown.set', params });
    const json = await run(fake, `lockdown ${words} --json`);
    expect(JSON.parse(json.stdout)).toEqual({ ...OFF, ...params });
  });

  it('exits with 1 where it is on and not in force', async () => {
    const fake = await helper(obeying({ fault: 'nft refuses' }));
    expect(await run(fake, 'lockdown on --yes')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('nft refuses') as string,
    });
  });

  it('asks for --yes where it would cut off whoever types it, and only for on', async () => {
    const fake = await helper(obeying());
    const environment = { SSH_CONNECTION: '192.0.2.7 50022 192.0.2.1 22' };
    const refused = await run(fake, 'lockdown on', { environment });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^adit: You are here by SSH: .*\nWith --yes .*with --lan, too/);
    expect((await run(fake, 'lockdown on --lan', { environment })).stderr).not.toContain('with --lan');
    expect(fake.received).toEqual([]);
    expect((await run(fake, 'lockdown', { environment })).code).toBe(0);
    expect((await run(fake, 'lockdown off', { environment })).code).toBe(0);
    expect((await run(fake, 'lockdown on --yes', { environment })).code).toBe(0);
  });

  it.each(['lockdown', 'lockdown on --yes', 'lockdown off'])(
    'says of a helper without it what it is: adit %s',
    async (line) => {
      const fake = await helper({ 'status.get': () => ({ tunnels: [] }) });
      expect(await run(fake, line)).toEqual({
        code: 1,
        stdout: '',
        stderr:
          'adit: This helper knows no lockdown: it is older than this adit.\nBring both to the same version.\n',
      });
    },
  );

  it('hands on what the helper refuses it for', async () => {
    const sentence = 'lockdown: an administrator switched it on, and only an administrator changes it';
    const fake = await helper({
      ...that({ ...ON, byAdmin: true }),
      'lockdown.set': () => {
        throw new Refusal('forbidden', sentence);
      },
    });
    expect(await run(fake, 'lockdown off')).toEqual({ code: 1, stdout: '', stderr: `adit: ${sentence}\n` });
    expect(JSON.parse((await run(fake, 'lockdown off --json')).stderr)).toEqual({
      error: { message: sentence },
    });
  });

  it.each([
    ['lockdown of', /“of” is neither on nor off/],
    ['lockdown --lan', /adit lockdown on --lan/],
    ['lockdown off --lan', /adit lockdown on --lan/],
    ['lockdown on off', /“off” is one word too many/],
    ['killswitch on', /Did you mean “lockdown”/],
  ])('exits with 2 for `adit %s`', async (line, says) => {
    const fake = await helper(obeying());
    const { code, stderr } = await run(fake, line);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
    expect(fake.received).toEqual([]);
  });
});

describe('adit status in lockdown', () => {
  it('says so above the tunnels, and nothing where it is off', async () => {
    const fake = await helper({ 'status.get': () => ({ tunnels: [CONNECTED], lockdown: ON }) });
    expect((await run(fake, 'status')).stdout.split('\n').slice(0, 3)).toEqual([
      SENTENCE,
      '',
      expect.stringMatching(/^Work {2}connected/),
    ]);
    expect((await run(await helper(that(ON)), 'status')).stdout).toMatch(
      /^Lockdown is on: .*\n\nNo tunnel is up\./,
    );
    expect((await run(await helper(that(OFF)), 'status')).stdout).toMatch(/^No tunnel is up\./);
  });

  it('says what is wrong with it; the tunnels decide the exit code', async () => {
    const fake = await helper(that({ ...ON, fault: 'nft refuses' }));
    expect(await run(fake, 'status')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^problem {2}not all of it is in force: nft refuses$/m) as string,
    });
  });

  it('is beside the tunnels in JSON', async () => {
    const { stdout } = await run(await helper(that(ON)), 'status --json');
    expect(statusSchema.parse(JSON.parse(stdout))).toEqual({ tunnels: [], lockdown: ON });
  });

  it('does not hinder who waits for a tunnel', async () => {
    const fake = await helper({
      'events.subscribe': () => ({ sequence: 0, status: { tunnels: [], lockdown: ON } }),
      'tunnel.up': (_, peer) => {
        emits(bare('connecting'), CONNECTED)(peer);
        return { accepted: true };
      },
    });
    expect((await run(fake, 'up work')).code).toBe(0);
  });
});

describe('isOverSsh', () => {
  /** Processes by id, each with its command and parent. */
  function processes(table: Readonly<Record<number, readonly [command: string, parent: number]>>): string {
    const proc = temporaryDirectory();
    for (const [pid, [command, parent]] of Object.entries(table)) {
      mkdirSync(join(proc, pid));
      writeFileSync(join(proc, pid, 'stat'), `${pid} (${command}) S ${parent} 1 1 0 -1 4194560\n`);
    }
    return proc;
  }

  it.each<[string, Parameters<typeof processes>[0], boolean]>([
    ['a shell of sshd', { 9: ['bash', 5], 5: ['sshd', 1], 1: ['systemd', 0] }, true],
    ['sudo in it', { 9: ['sudo', 7], 7: ['bash', 5], 5: ['sshd-session', 1], 1: ['systemd', 0] }, true],
    ['a name with parentheses', { 9: ['a) S 1 (b', 5], 5: ['dropbear', 1], 1: ['init', 0] }, true],
    ['a terminal', { 9: ['bash', 5], 5: ['gnome-terminal', 1], 1: ['systemd', 0] }, false],
    ['a client', { 9: ['bash', 5], 5: ['ssh', 1], 1: ['systemd', 0] }, false],
    ['hidden parents', { 9: ['bash', 5] }, false],
    ['a circle, which there is not', { 9: ['bash', 9] }, false],
  ])('by the processes above: %s', (_, table, is) => {
    expect(isOverSsh({}, 9, processes(table))).toBe(is);
  });

  it('by the variable, where there is one', () => {
    const proc = processes({ 9: ['tmux: server', 1], 1: ['systemd', 0] });
    expect(isOverSsh({ SSH_CONNECTION: '192.0.2.7 50022 192.0.2.1 22' }, 9, proc)).toBe(true);
    expect(isOverSsh({ SSH_CONNECTION: '' }, 9, proc)).toBe(false);
  });
});
