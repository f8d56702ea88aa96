/** Taking tunnels up and down. */
import { describe, expect, it } from 'vitest';
import { type Status, type TunnelQuestion, tunnelStatusSchema } from '#core/ipc/contract.ts';
import type { Answers } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { startAdit } from '#test/harness/adit-cli.ts';
import { emits, helper, run, SECRET, tunnelThat } from '#test/harness/cli-session.ts';

const withTunnels = (tunnels: Status['tunnels'], after: Status['tunnels']): Answers => ({
  'events.subscribe': () => ({ sequence: 0, status: { tunnels } }),
  'tunnel.down': (_, peer) => {
    setImmediate(emits(...after.map((tunnel) => ({ ...tunnel, state: 'disconnecting' as const }))), peer);
    setImmediate(emits(...after), peer);
    return { accepted: true };
  },
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

  it('sends nothing without the post-quantum key that the profile names', async () => {
    const fake = await helper({
      ...tunnelThat(CONNECTED),
      'profiles.list': () => ({ profiles: [summary('work', { missingSecrets: ['ppk'] })] }),
    });
    const { code, stderr } = await run(fake, 'up work');
    expect(code).toBe(2);
    expect(stderr).toContain('adit set-secret work --ppk-stdin < key.txt');
    expect(fake.received.map(({ name }) => name)).not.toContain('tunnel.up');
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
    ['up work --secret-stdin --password-stdin', /--secret-stdin and --password-stdin both read stdin/],
  ])('exits with 2 for `adit %s`', async (line, says) => {
    const fake = await helper(tunnelThat());
    const { code, stderr } = await run(fake, line);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
    expect(fake.received.map(({ name }) => name)).not.toContain('tunnel.up');
  });

  it('sends user name and password, and shows the password nowhere', async () => {
    const fake = await helper(tunnelThat(connecting, CONNECTED));
    const { code, stdout, stderr } = await run(fake, 'up work --user alice --password-stdin', {
      stdin: `${SECRET}\n`,
    });
    expect(code).toBe(0);
    expect(fake.received.at(-1)?.params).toEqual({
      id: 'work',
      user: 'alice',
      password: Buffer.from(SECRET).toString('base64'),
    });
    expect(stdout + stderr).not.toContain(SECRET);
  });

  const asking = (kind: TunnelQuestion['kind'], retry = false): Answers => ({
    ...tunnelThat(bare('connecting', { question: { id: 3, kind, prompt: 'Tell', retry } })),
    'tunnel.down': () => ({ accepted: true }),
    'tunnel.answer': (_, peer) => {
      const failure = { cause: 'wrong-password', method: 'MSCHAPv2', user: 'alice' } as const;
      setImmediate(emits(bare('failed', { since: '2026-11-21T09:00:00.000Z', failure })), peer);
      return { accepted: true };
    },
  });

  it.each([
    ['user', /no terminal to ask for the user name\.\nGive it: adit up work --user NAME/],
    ['one-time-code', /no terminal to ask for the one-time code/],
    ['pkcs12-password', /adit set-secret work --p12-password-stdin/],
  ] as const)('takes the tunnel down and exits with 2 where nobody can tell the %s', async (kind, says) => {
    const fake = await helper(asking(kind));
    const { code, stderr } = await run(fake, 'up work');
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
    expect(fake.received.at(-1)).toEqual({ name: 'tunnel.down', params: { id: 'work' } });
  });

  it('declines to try another password where nobody can be asked', async () => {
    const fake = await helper(asking('password', true));
    const { code, stderr } = await run(fake, 'up work --password-stdin', { stdin: 'wrong' });
    expect(code).toBe(1);
    expect(stderr).toContain('The gateway does not accept the password of “alice”.');
    expect(fake.received.at(-1)).toEqual({
      name: 'tunnel.answer',
      params: { id: 'work', question: 3, remember: false },
    });
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
