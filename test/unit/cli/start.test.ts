/** How `adit` starts: help, wrong words, and helpers that cannot be used. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '#cli/commands/index.ts';
import { calls } from '#core/ipc/contract.ts';
import { type FakePeer, Refusal } from '#test/fakes/helper-server.ts';
import { runAdit } from '#test/harness/adit-cli.ts';
import { helper, run } from '#test/harness/cli-session.ts';

/** An answer that no call of the contract has. */
const wrong = (): never =>
  ({ tunnels: [{ state: 5 }], profiles: [{ id: 'x' }], checks: 'all well' }) as never;

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
    expect(stderr).toMatch(/no socket at \/nonexistent\/aditd\.sock\.\nStart it: sudo /);
    // From a clone there is no service, and what is named then must be there.
    const hasService = existsSync('/usr/lib/systemd/system/aditd.service');
    const named = hasService ? '/usr/bin/systemctl' : /sudo "(\/.*)" --foreground$/m.exec(stderr)?.[1];
    expect(existsSync(named ?? 'nothing is named')).toBe(true);
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

  it('hears a refusal that its own hello drowned', async () => {
    let connections = 0;
    const fake = await helper(
      {},
      {
        onConnect: (peer) => {
          connections++;
          if (connections > 1)
            peer.send({ jsonrpc: '2.0', id: null, error: { code: -32003, message: 'not you' } });
          peer.end();
        },
      },
    );
    expect(await run(fake, 'status')).toEqual({ code: 1, stdout: '', stderr: 'adit: not you\n' });
  });

  it('refuses another major version', async () => {
    const { code, stderr } = await run(await helper({}, { major: 9 }), 'status');
    expect(code).toBe(1);
    expect(stderr).toContain('The helper speaks protocol 9, this adit speaks 1.');
  });

  it.each(['status', 'status --json', 'profiles', 'profiles --json', 'doctor --json'])(
    'meets an answer of another shape to `%s` with a sentence',
    async (line) => {
      const answers = { 'status.get': wrong, 'profiles.list': wrong, 'doctor.run': wrong };
      const fake = await helper(answers, { unchecked: true });
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
