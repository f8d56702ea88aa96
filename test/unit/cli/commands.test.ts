/** `adit` as it is started, against a fake helper: what it asks for, prints, and exits with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { calls, statusSchema, type Result, type Status, tunnelStatusSchema } from '#core/ipc/contract.ts';
import { COMMANDS } from '#cli/commands/index.ts';
import {
  type Answers,
  FakeHelper,
  type FakeHelperOptions,
  type FakePeer,
  Refusal,
} from '#test/fakes/helper-server.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { runAdit, type RunOptions, startAdit } from '#test/harness/adit-cli.ts';

const SECRET = 'correct horse battery';
const PROFILE = {
  format: 'adit-profile',
  version: 1,
  name: 'Work',
  gateway: { addresses: ['vpn.example.org'], port: 500 },
  authentication: { method: 'psk' },
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function helper(answers: Answers, more: Omit<FakeHelperOptions, 'answers'> = {}): Promise<FakeHelper> {
  const fake = await FakeHelper.start({ answers: { ...BASICS, ...answers }, ...more });
  cleanups.push(() => fake.stop());
  return fake;
}

const BASICS: Answers = {
  'profiles.list': () => ({
    profiles: [
      summary('work', { name: 'Work' }),
      summary('lab', { missingSecrets: ['psk'], storedSecrets: [] }),
    ],
  }),
  'profiles.get': () => ({ summary: summary('work'), profile: PROFILE }),
};

const run = (fake: FakeHelper, args: string, options?: RunOptions) =>
  runAdit(['--socket', fake.path, ...args.split(' ')], options);

function file(name: string, content: string | Uint8Array): string {
  const directory = mkdtempSync(join(tmpdir(), 'adit-files-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, name), content);
  return join(directory, name);
}

/** Answers for `up`: each state in its turn, as events. */
function tunnelThat(...states: Status['tunnels']): Answers {
  return {
    'events.subscribe': () => ({ sequence: 0, status: { tunnels: [] } }),
    'tunnel.up': (_, peer) => {
      for (const tunnel of states) peer.sendEvent({ topic: 'status', status: { tunnels: [tunnel] } });
      return { accepted: true };
    },
    'tunnel.down': () => ({ accepted: true }),
  };
}

const emits =
  (...states: Status['tunnels']) =>
  (peer: FakePeer): void => {
    for (const tunnel of states) peer.sendEvent({ topic: 'status', status: { tunnels: [tunnel] } });
  };

/** An answer that no call of the contract has. */
const wrong = (): never =>
  ({ tunnels: [{ state: 5 }], profiles: [{ id: 'x' }], checks: 'all well' }) as never;

const withTunnels = (tunnels: Status['tunnels'], after: Status['tunnels']): Answers => ({
  'events.subscribe': () => ({ sequence: 0, status: { tunnels } }),
  'tunnel.down': (_, peer) => {
    setImmediate(emits(...after.map((tunnel) => ({ ...tunnel, state: 'disconnecting' as const }))), peer);
    setImmediate(emits(...after), peer);
    return { accepted: true };
  },
});

const entry = (at: number, message: string) => ({
  time: `2026-11-21T08:00:0${at}.000Z`,
  level: 'info' as const,
  subsystem: 'main',
  message,
});

describe('help and versions', () => {
  it.concurrent.each(Object.entries(COMMANDS))(
    'adit %s --help shows usage, options and an example',
    async (name, spec) => {
      const { code, stdout, stderr } = await runAdit([name, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`Usage: adit ${name}`);
      expect(stdout).toContain(`Example: ${spec.example}`);
      for (const option of Object.keys(spec.options)) expect(stdout).toContain(`--${option}`);
    },
  );

  it.concurrent('names every command, and exits with 2 where none is given', async () => {
    const asked = await runAdit(['--help']);
    const nothing = await runAdit([]);
    for (const name of Object.keys(COMMANDS)) expect(asked.stdout).toContain(`\n  ${name} `);
    expect(nothing).toEqual({ code: 2, stdout: '', stderr: asked.stdout });
  });

  it.concurrent('tells its version', async () => {
    expect((await runAdit(['--version'])).stdout).toMatch(/^adit \d+\.\d+\.\d+\n$/);
  });

  it.concurrent('exits with 2 for a wrong command line, in JSON where asked', async () => {
    const { code, stdout, stderr } = await runAdit(['stauts', '--json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({
      error: { message: 'There is no command “stauts”.', remedy: 'Did you mean “status”?' },
    });
  });
});

describe('without a helper that can be used', () => {
  it('says that none runs, and how to start it', async () => {
    const { code, stdout, stderr } = await runAdit(['--socket', '/nonexistent/aditd.sock', 'status']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/no socket at \/nonexistent\/aditd\.sock\.\nStart it: sudo systemctl start aditd/);
  });

  it('makes that the first check of the doctor', async () => {
    const { code, stdout } = await runAdit(['--socket', '/nonexistent/x', 'doctor', '--json']);
    expect(code).toBe(1);
    const { checks } = calls['doctor.run'].result.parse(JSON.parse(stdout));
    expect(checks).toMatchObject([{ check: 'helper', ok: false }]);
  });

  it.each<[string, (peer: FakePeer) => void, RegExp]>([
    [
      'octets that are no frame',
      (peer) => peer.sendRaw('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /does not speak the helper’s protocol: a frame of \d+ octets/,
    ],
    [
      'a frame that is no JSON',
      (peer) => peer.sendRaw(new Uint8Array([0, 0, 0, 1, 0x7b])),
      /does not speak.*a frame is not JSON/,
    ],
    [
      'JSON that is no message',
      (peer) => peer.send({ hello: 'there' }),
      /does not speak.*no message of the contract/,
    ],
    ['nothing, and closes', (peer) => peer.end(), /The helper closed the connection/],
    [
      'a refusal of the whole connection',
      (peer) => {
        peer.send({
          jsonrpc: '2.0',
          id: null,
          error: { code: -32003, message: 'uid 1 may not\u001b[31m use this' },
        });
        peer.end();
      },
      /^adit: uid 1 may not\\u\{1b\}\[31m use this$/m,
    ],
  ])('meets %s with a sentence', async (_name, onConnect, says) => {
    const fake = await helper({}, { onConnect });
    const { code, stdout, stderr } = await run(fake, 'status');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/at .*\.ts:\d+/);
  });

  it('refuses another major version', async () => {
    const { code, stderr } = await run(await helper({}, { major: 9 }), 'status');
    expect(code).toBe(1);
    expect(stderr).toContain('The helper speaks protocol 9, this adit speaks 1.');
  });

  it.each(['status', 'status --json', 'profiles', 'profiles --json', 'doctor --json'])(
    'meets an answer of another shape to `%s` with a sentence',
    async (line) => {
      const fake = await helper({ 'status.get': wrong, 'profiles.list': wrong, 'doctor.run': wrong });
      const { code, stdout, stderr } = await run(fake, line);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/answer to [a-z.]+ is not what the contract says/);
      expect(stderr).not.toMatch(/at .*\.ts:\d+/);
    },
  );

  it('hands on a refusal in the helper’s words', async () => {
    const fake = await helper({
      'status.get': () => {
        throw new Refusal('forbidden', 'status.get needs the permission "read"');
      },
    });
    const plain = await run(fake, 'status');
    const json = await run(fake, 'status --json');
    expect(plain).toEqual({ code: 1, stdout: '', stderr: 'adit: status.get needs the permission "read"\n' });
    expect(JSON.parse(json.stderr)).toEqual({ error: { message: 'status.get needs the permission "read"' } });
  });
});

describe('adit status', () => {
  it('prints exactly the contract’s value as JSON', async () => {
    const status = { tunnels: [CONNECTED, bare('failed', { failure: { cause: 'timeout', seconds: 3 } })] };
    const { code, stdout, stderr } = await run(await helper({ 'status.get': () => status }), 'status --json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(status);
    expect(statusSchema.parse(JSON.parse(stdout))).toEqual(status);
  });

  it('prints a table for people, without colour where there is no terminal', async () => {
    const { code, stdout } = await run(
      await helper({ 'status.get': () => ({ tunnels: [CONNECTED] }) }),
      'status',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Work {2}connected since /);
    expect(stdout).not.toContain('\u001b');
  });

  it('watches: a snapshot, then every change, and a new snapshot where one was lost', async () => {
    let subscriptions = 0;
    const fake = await helper({
      'events.subscribe': ({ topic }, peer) => {
        subscriptions++;
        // Sent before the answer, so it belongs to the subscription that had the gap.
        if (subscriptions === 2) emits(bare('reconnecting'))(peer);
        if (subscriptions === 1) {
          setImmediate(() => {
            emits(bare('connecting'))(peer);
            peer.sendEvent({ topic: 'status', status: { tunnels: [bare('disconnecting')] } }, 5);
          });
        }
        return {
          sequence: subscriptions === 1 ? 0 : 7,
          status: { tunnels: subscriptions === 1 ? [] : [CONNECTED] },
          topic,
        };
      },
    });
    const watching = startAdit(['--socket', fake.path, 'status', '--watch', '--json']);
    await watching.printed('"connected"');
    watching.child.kill();
    const { stdout } = await watching.finished;
    const states = stdout
      .trim()
      .split('\n')
      .map((line) => statusSchema.parse(JSON.parse(line)).tunnels.map(({ state }) => state));
    expect(states).toEqual([[], ['connecting'], ['connected']]);
    expect(subscriptions).toBe(2);
  });
});

describe('adit import', () => {
  const imported: Result<'profiles.import'> = {
    imported: [
      {
        id: 'work',
        name: 'Work',
        report: [
          { outcome: 'taken', setting: 'connections.home.version', value: '2' },
          {
            outcome: 'refused',
            setting: 'connections.home.children.net.updown',
            value: '/bin/sh',
            reason: 'a profile runs no programs',
          },
        ],
        missingSecrets: ['psk'],
      },
    ],
  };

  it('sends octets and names, never paths; prints the report', async () => {
    const fake = await helper({ 'profiles.import': () => imported });
    const content = Uint8Array.from({ length: 256 }, (_, i) => i);
    const path = file('wörk.conf', content);
    const { code, stdout } = await runAdit([
      '--socket',
      fake.path,
      'import',
      path,
      '--name',
      'Work',
      '--dry-run',
    ]);
    expect(code).toBe(0);
    expect(fake.received).toEqual([
      {
        name: 'profiles.import',
        params: {
          files: [{ name: 'wörk.conf', content: Buffer.from(content).toString('base64') }],
          name: 'Work',
          dryRun: true,
          forAll: false,
        },
      },
    ]);
    expect(stdout).toMatch(
      /Refused:\n +connections\.home\.children\.net\.updown = \/bin\/sh {2}a profile runs no programs/,
    );
    expect(stdout).toContain('Next: adit set-secret work');
  });

  it('takes the secret from stdin, without its line end, and prints JSON', async () => {
    const fake = await helper({ 'profiles.import': () => imported });
    const { stdout } = await run(fake, `import ${file('a.json', '{}')} --secret-stdin --json --for-all`, {
      stdin: `${SECRET}\r\n`,
    });
    expect(fake.received[0]?.params).toMatchObject({
      psk: Buffer.from(SECRET).toString('base64'),
      forAll: true,
    });
    expect(JSON.parse(stdout)).toEqual(imported);
  });

  it.each([
    ['/nonexistent/x.conf', /\/nonexistent\/x\.conf cannot be read: there is no such file/],
    ['/tmp', /\/tmp is no file/],
    ['/dev/zero', /\/dev\/zero is no file/],
  ])('says why %s cannot be read', async (path, says) => {
    const fake = await helper({});
    const { code, stderr } = await run(fake, `import ${path}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(says);
    expect(fake.received).toEqual([]);
  });

  it('refuses files that no frame can carry before it connects', async () => {
    const { code, stderr } = await runAdit([
      '--socket',
      '/nonexistent',
      'import',
      file('big', new Uint8Array(200 * 1024)),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/has 204800 bytes; a profile has at most/);
  });

  it('prints a refusal of several lines as it is', async () => {
    const fake = await helper({
      'profiles.import': () => {
        throw new Refusal('refused', 'a.conf:1: one\na.conf:2: two');
      },
    });
    expect((await run(fake, `import ${file('a.conf', 'x')}`)).stderr).toBe(
      'adit: a.conf:1: one\na.conf:2: two\n',
    );
  });
});

describe('profiles', () => {
  it('lists, shows and exports them', async () => {
    const fake = await helper({});
    const list = await run(fake, 'profiles');
    expect(list.stdout).toMatch(
      /^ID +NAME +GATEWAY +FOR +SECRETS\nwork +Work +vpn\.example\.org +you +stored\nlab .*missing: psk\n$/,
    );
    expect(JSON.parse((await run(fake, 'profiles --json')).stdout)).toMatchObject({
      profiles: [{ id: 'work' }, { id: 'lab' }],
    });
    expect((await run(fake, 'show Work')).stdout).toMatch(/gateway\.addresses +vpn\.example\.org/);
    expect(JSON.parse((await run(fake, 'show work --json')).stdout)).toMatchObject({ profile: PROFILE });
    const { gateway, ...rest } = PROFILE;
    expect(JSON.parse((await run(fake, 'export wo')).stdout)).toEqual({
      ...rest,
      gateway: { addresses: gateway.addresses },
    });
  });

  it('removes one by its id', async () => {
    const fake = await helper({ 'profiles.remove': () => ({}) });
    const { code, stdout } = await run(fake, 'remove Work');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Removed Work (work) and its secrets.\n' });
    expect(fake.received.at(-1)).toEqual({ name: 'profiles.remove', params: { id: 'work' } });
  });

  it('says which there could be where a name fits none', async () => {
    const { code, stderr } = await run(await helper({}), 'show lob');
    expect(code).toBe(1);
    expect(stderr).toBe('adit: There is no profile “lob”.\nDid you mean “lab”?\n');
  });
});

describe('adit set-secret', () => {
  it('stores what stdin says', async () => {
    const fake = await helper({ 'profiles.setSecret': () => ({}) });
    const { code, stdout, stderr } = await run(fake, 'set-secret lab --secret-stdin', {
      stdin: `${SECRET}\n`,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain(SECRET);
    expect(fake.received.at(-1)?.params).toEqual({ id: 'lab', psk: Buffer.from(SECRET).toString('base64') });
  });

  it.each([
    ['', /The secret is empty/],
    ['\n', /The secret is empty/],
    ['x'.repeat(4000), /longer than 3072 bytes/],
  ])('refuses the secret %j', async (stdin, says) => {
    const { code, stderr } = await run(await helper({}), 'set-secret lab --secret-stdin', { stdin });
    expect(code).toBe(1);
    expect(stderr).toMatch(says);
  });

  it('says how to pipe one where no terminal can be asked', async () => {
    const { code, stderr } = await run(await helper({}), 'set-secret lab');
    expect(code).toBe(2);
    expect(stderr).toContain('adit set-secret lab --secret-stdin < key.txt');
  });
});

describe('adit up', () => {
  const connecting = bare('connecting', { step: 'IKE_AUTH with 203.0.113.1:4500' });

  it('shows the steps on stderr and returns 0 when connected', async () => {
    const fake = await helper(tunnelThat(connecting, connecting, CONNECTED));
    const { code, stdout, stderr } = await run(fake, 'up work');
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'Connected to 203.0.113.1 as 10.88.0.2, fd00::2.\n',
      stderr: 'IKE_AUTH with 203.0.113.1:4500…\n',
    });
    expect(fake.received.at(-1)).toEqual({ name: 'tunnel.up', params: { id: 'work' } });
  });

  it('returns the tunnel as JSON', async () => {
    const { code, stdout, stderr } = await run(
      await helper(tunnelThat(connecting, CONNECTED)),
      'up work --json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tunnelStatusSchema.parse(JSON.parse(stdout))).toEqual(CONNECTED);
  });

  it('returns 1 with the explained failure, in JSON where asked', async () => {
    const failure = {
      cause: 'no-answer' as const,
      exchange: 'IKE_SA_INIT',
      tried: [{ address: '203.0.113.1', port: 500 }],
      attempts: 5,
    };
    const fake = await helper(
      tunnelThat(connecting, bare('failed', { since: '2026-11-21T09:00:00.000Z', failure })),
    );
    const plain = await run(fake, 'up work');
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 1, stdout: '' });
    expect(plain.stderr).toMatch(
      /The gateway at 203\.0\.113\.1 did not answer\.\n.*\nTry: Check the gateway address/,
    );
    const json = await run(fake, 'up work --json');
    expect({ code: json.code, stdout: json.stdout }).toEqual({ code: 1, stdout: '' });
    expect(JSON.parse(json.stderr)).toEqual({ failure, interrupted: false });
  });

  it('is not misled by the failure of an earlier try', async () => {
    const old = bare('failed', { failure: { cause: 'timeout', seconds: 1 } });
    const fake = await helper({
      ...tunnelThat(old, connecting, CONNECTED),
      'events.subscribe': () => ({ sequence: 0, status: { tunnels: [old] } }),
    });
    expect((await run(fake, 'up work')).code).toBe(0);
  });

  it('says so at once where the tunnel is up already', async () => {
    const fake = await helper({
      'events.subscribe': () => ({ sequence: 0, status: { tunnels: [CONNECTED] } }),
    });
    expect((await run(fake, 'up work')).code).toBe(0);
    expect(fake.received.map(({ name }) => name)).not.toContain('tunnel.up');
  });

  it('gives up after --timeout and takes the tunnel down', async () => {
    const fake = await helper(tunnelThat(connecting));
    const { code, stderr } = await run(fake, 'up work --timeout 1');
    expect(code).toBe(1);
    expect(stderr).toContain('The tunnel was not up within 1 second.');
    expect(fake.received.at(-1)).toEqual({ name: 'tunnel.down', params: { id: 'work' } });
  });

  it('takes the tunnel down at Ctrl-C', async () => {
    const fake = await helper(tunnelThat(connecting));
    const up = startAdit(['--socket', fake.path, 'up', 'work']);
    await up.printed('IKE_AUTH');
    up.child.kill('SIGINT');
    expect((await up.finished).code).toBe(130);
    expect(fake.received.at(-1)).toEqual({ name: 'tunnel.down', params: { id: 'work' } });
  });

  it('sends a secret from stdin for this time, and shows it nowhere', async () => {
    const fake = await helper(tunnelThat(connecting, CONNECTED));
    const up = startAdit(['--socket', fake.path, 'up', 'lab', '--secret-stdin'], { stdin: SECRET });
    await fake.called('tunnel.up');
    expect(up.child.spawnargs.join(' ')).not.toContain(SECRET);
    expect(fake.received.at(-1)?.params).toEqual({ id: 'lab', psk: Buffer.from(SECRET).toString('base64') });
    up.child.kill();
    const { stdout, stderr } = await up.finished;
    expect(stdout + stderr).not.toContain(SECRET);
  });

  it.each([
    ['up lab', /no terminal to ask for the pre-shared key\.\nPipe it: adit up lab --secret-stdin/],
    ['up work --timeout soon', /“soon” is no number of seconds/],
    ['up work --timeout 0', /“0” is no number of seconds/],
    ['up work --user me', /User names and passwords belong to EAP, which is not supported yet/],
  ])('exits with 2 for `adit %s`', async (line, says) => {
    const fake = await helper(tunnelThat());
    const { code, stderr } = await run(fake, line);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
    expect(fake.received.map(({ name }) => name)).not.toContain('tunnel.up');
  });

  it('says so where the helper goes away meanwhile', async () => {
    const fake = await helper({
      ...tunnelThat(),
      'tunnel.up': (_, peer) => {
        setImmediate(() => peer.end());
        return { accepted: true };
      },
    });
    const { code, stderr } = await run(fake, 'up work');
    expect(code).toBe(1);
    expect(stderr).toContain('The helper closed the connection.');
  });
});

describe('adit down', () => {
  it('waits until the tunnel is down', async () => {
    const fake = await helper(withTunnels([CONNECTED], [bare('disconnected')]));
    const { code, stdout } = await run(fake, 'down work');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Disconnected Work.\n' });
    expect(fake.received.at(-1)?.params).toEqual({ id: 'work' });
  });

  it('takes all of them down, and says where nothing was up', async () => {
    const fake = await helper(withTunnels([CONNECTED], [bare('disconnected')]));
    expect(JSON.parse((await run(fake, 'down --json')).stdout)).toEqual({ down: [CONNECTED.profile] });
    const idle = await helper(withTunnels([bare('failed')], []));
    expect((await run(idle, 'down')).stdout).toBe('Nothing was up.\n');
  });
});

describe('adit log and adit doctor', () => {
  it('prints what the helper remembers; in JSON an entry a line', async () => {
    const fake = await helper({
      'events.subscribe': () => ({ sequence: 0, log: [entry(1, 'one'), entry(2, 'two\u001b[2J')] }),
    });
    expect((await run(fake, 'log')).stdout).toMatch(/ info {2}main: one\n.* main: two\\u\{1b\}\[2J\n$/);
    const lines = (await run(fake, 'log --json')).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      entry(1, 'one'),
      entry(2, 'two\u001b[2J'),
    ]);
  });

  it('follows, and tells nothing twice after a gap', async () => {
    let subscriptions = 0;
    const fake = await helper({
      'events.subscribe': (_, peer) => {
        subscriptions++;
        const first = subscriptions === 1;
        if (first) {
          setImmediate(() => {
            peer.sendEvent({ topic: 'log', entry: entry(2, 'two') });
            peer.sendEvent({ topic: 'log', entry: entry(4, 'four') }, 1);
          });
        }
        return first
          ? { sequence: 0, log: [entry(1, 'one')] }
          : { sequence: 9, log: [1, 2, 3, 4].map((at) => entry(at, `line ${at}`)) };
      },
    });
    const following = startAdit(['--socket', fake.path, 'log', '-f']);
    await following.printed('line 4');
    following.child.kill();
    const { stdout } = await following.finished;
    expect(stdout.match(/main: .*/g)).toEqual(['main: one', 'main: two', 'main: line 3', 'main: line 4']);
  });

  it('shows every check with its remedy and exits by the worst', async () => {
    const good = { check: 'TUN device', ok: true, found: '/dev/net/tun' };
    const bad = { check: 'nft', ok: false, found: 'not installed', remedy: 'sudo apt install nftables' };
    const fake = await helper({ 'doctor.run': () => ({ checks: [good, bad] }) });
    const { code, stdout } = await run(fake, 'doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^ok +helper: .*\nok +TUN device: \/dev\/net\/tun\nproblem +nft: not installed\n +sudo apt install nftables\n$/,
    );
    const healthy = await helper({ 'doctor.run': () => ({ checks: [good] }) });
    expect((await run(healthy, 'doctor')).code).toBe(0);
  });
});
