/** What `adit` shows of the helper: status, log, doctor; and how a terminal sees it. */
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type Status, statusSchema } from '#core/ipc/contract.ts';
import type { FakeHelper } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED } from '#test/fakes/statuses.ts';
import { ADIT, runAdit, startAdit } from '#test/harness/adit-cli.ts';
import { emits, helper, run, SECRET, tunnelThat } from '#test/harness/cli-session.ts';

const entry = (at: number, message: string) => ({
  time: `2026-11-21T08:00:0${at}.000Z`,
  level: 'info' as const,
  subsystem: 'main',
  message,
});

/** `script` of bsdutils gives the command a terminal of its own and passes stdin on to it. */
function atTerminal(
  line: string,
  prompt = 'Pre-shared key of',
): Promise<{ code: number | null; screen: string }> {
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    // Colours are part of what is tested: the caller's NO_COLOR must not take them away.
    env: { ...process.env, TERM: 'xterm', NO_COLOR: undefined },
    stdio: 'pipe',
  });
  let screen = '';
  let typed = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (!typed && screen.includes(prompt)) {
      typed = true;
      child.stdin.write(`x\u0015${SECRET}!\u007f\r`);
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, screen }));
  });
}

const adit = (fake: FakeHelper, args: string): string => `${ADIT} --socket ${fake.path} ${args}`;

describe('adit status', () => {
  it('prints exactly the contract’s value as JSON', async () => {
    const status: Status = {
      tunnels: [
        { ...CONNECTED, postQuantum: ['ml-kem', 'ppk'] },
        bare('failed', { failure: { cause: 'timeout', seconds: 3 } }),
      ],
    };
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
      'events.subscribe': (_, peer) => {
        subscriptions++;
        if (subscriptions === 1) {
          setImmediate(() => {
            emits(bare('connecting'))(peer);
            peer.sendEvent({ topic: 'status', status: { tunnels: [bare('reconnecting')] } }, 5);
          });
          return { sequence: 0, status: { tunnels: [] } };
        }
        // Number 8: sent before the answer, so it belongs to the subscription that had the gap.
        emits(bare('reconnecting'))(peer);
        setImmediate(emits(bare('disconnecting')), peer);
        return { sequence: 8, status: { tunnels: [CONNECTED] } };
      },
    });
    const watching = startAdit(['--socket', fake.path, 'status', '--watch', '--json']);
    await watching.printed('"disconnecting"');
    watching.child.kill();
    const { stdout } = await watching.finished;
    const states = stdout
      .trim()
      .split('\n')
      .map((line) => statusSchema.parse(JSON.parse(line)).tunnels.map(({ state }) => state));
    expect(states).toEqual([[], ['connecting'], ['connected'], ['disconnecting']]);
    expect(subscriptions).toBe(2);
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

  it('says of a helper that is not there how it is started, and the way out of lockdown; of one that refuses neither', async () => {
    const fake = await helper({});
    const nobody = await runAdit(['--socket', '/nonexistent/s', 'doctor']);
    expect(nobody).toMatchObject({ code: 1, stderr: '' });
    expect(nobody.stdout.split('\n').map((line) => line.slice(0, 40))).toEqual([
      expect.stringMatching(/^problem {2}helper: The helper is not/),
      expect.stringMatching(/^ {9}Start it: /),
      '         Or name another with --socket.',
      expect.stringMatching(/^ {9}If lockdown holds everything/),
      '',
    ]);
    expect((await run(fake, 'doctor')).stdout).not.toContain('--rescue');
  });
});

describe('at a terminal', () => {
  it('asks for a missing key without showing it, then connects', async () => {
    const lab = { id: 'lab', name: 'lab' };
    const steps = [bare('connecting', { step: 'IKE_AUTH', profile: lab }), { ...CONNECTED, profile: lab }];
    const fake = await helper(tunnelThat(...steps));
    const { code, screen } = await atTerminal(adit(fake, 'up lab'));
    expect(fake.received.find(({ name }) => name === 'tunnel.up')?.params).toEqual({
      id: 'lab',
      psk: Buffer.from(SECRET).toString('base64'),
    });
    expect(screen).not.toContain(SECRET.slice(0, 5));
    expect(screen).toContain('\r\u001b[KIKE_AUTH…\r\u001b[K');
    expect(code).toBe(0);
  });

  it('asks what the tunnel wants to know, without showing it, and goes on', async () => {
    const question = {
      id: 7,
      kind: 'password' as const,
      prompt: 'Wrong password. Password of alice',
      user: 'alice',
      retry: true,
    };
    const fake = await helper({
      ...tunnelThat(bare('connecting', { question })),
      'tunnel.answer': (_, peer) => {
        setImmediate(emits(CONNECTED), peer);
        return { accepted: true };
      },
    });
    const { code, screen } = await atTerminal(adit(fake, 'up work'), 'Password of alice: ');
    expect(fake.received.at(-1)).toEqual({
      name: 'tunnel.answer',
      params: { id: 'work', question: 7, answer: Buffer.from(SECRET).toString('base64'), remember: false },
    });
    expect(screen).not.toContain(SECRET.slice(0, 5));
    expect(code).toBe(0);
  });

  it('waits for no answer once the time is over', async () => {
    const question = { id: 7, kind: 'password' as const, prompt: 'Password of alice', retry: false };
    const fake = await helper(tunnelThat(bare('connecting', { question })));
    const { code, screen } = await atTerminal(adit(fake, 'up work --timeout 1'), 'nothing is typed');
    expect(screen).toMatch(/Password of alice: .*was not up within 1 second/s);
    expect(code).toBe(1);
    expect(fake.received.at(-1)).toEqual({ name: 'tunnel.down', params: { id: 'work' } });
  });

  it('redraws a watched status, in colour', async () => {
    const fake = await helper({
      'events.subscribe': (_, peer) => {
        setImmediate(() => peer.end());
        return { sequence: 0, status: { tunnels: [CONNECTED] } };
      },
    });
    const { screen } = await atTerminal(adit(fake, 'status --watch'));
    expect(screen).toContain('\u001b[H\u001b[2J\u001b[1mWork\u001b[0m  \u001b[32mconnected\u001b[0m since');
  });
});
