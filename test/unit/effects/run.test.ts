/** The real runner, with programs of its own: no shell, nothing inherited, never endless. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refused, runOrFail, SystemRunner } from '#helper/effects/run.ts';

let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'adit-run-'));
  const program = (name: string, text: string) => {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(directory, name), 0o755);
  };
  program('words', 'for word in "$@"; do printf "<%s>" "$word"; done');
  program('environment', '/usr/bin/env | /usr/bin/sort; pwd');
  program('echoes', 'PATH=/usr/bin:/bin cat');
  program('deaf', 'exec 0<&-; exit 3');
  program('fails', 'echo "it went wrong" >&2; exit 7');
  program('killed', 'kill -TERM $$');
  // A child that outlives the script and holds its output open.
  program('hangs', 'PATH=/usr/bin:/bin; sleep 60 & echo $! > "$1"; wait');
  program('floods', 'while :; do echo 0123456789abcdef0123456789abcdef; done');
  writeFileSync(join(directory, 'plain'), 'no program');
});
afterAll(() => rmSync(directory, { recursive: true }));

const runner = (options = {}) => new SystemRunner({ directories: [directory], ...options });

describe('SystemRunner', () => {
  it('hands over words as they are', async () => {
    const words = ['$(id)', '`id`', ';id', 'a b', '', '*', '-x', "'", '"', '\\', 'ä\n'];
    const { stdout } = await runner().run('words', words);
    expect(stdout).toBe(words.map((word) => `<${word}>`).join(''));
  });

  it('gives a clean environment and a neutral directory', async () => {
    process.env['ADIT_TEST_LEAK'] = 'secret';
    const { stdout } = await runner().run('environment', []);
    delete process.env['ADIT_TEST_LEAK'];
    const names = stdout.split('\n').map((line) => line.split('=')[0]);
    // What is taken out is the shell's own.
    expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_', ''].includes(name ?? ''))).toEqual([
      'LC_ALL',
      'PATH',
      '/',
    ]);
    expect(stdout).toContain('LC_ALL=C\n');
  });

  it('passes input and collects output', async () => {
    const text = 'line\n'.repeat(50_000);
    expect(await runner().run('echoes', [], text)).toEqual({ status: 0, stdout: text, stderr: '' });
  });

  it('minds no program that reads nothing', async () => {
    expect(await runner().run('deaf', [], 'x'.repeat(1_000_000))).toMatchObject({ status: 3 });
  });

  it('returns what a program said and how it ended', async () => {
    expect(await runner().run('fails', [])).toEqual({ status: 7, stdout: '', stderr: 'it went wrong\n' });
    expect(await runner().run('killed', [])).toMatchObject({ status: 128 + 15 });
  });

  it.each(['nonesuch', 'plain', '../run/words', '/bin/true', ''])('does not find %j', async (name) => {
    expect(runner().find(name)).toBeUndefined();
    await expect(runner().run(name, [])).rejects.toMatchObject({ what: `The program ${name} is missing` });
  });

  it('names the package of what is missing', async () => {
    await expect(runner().run('nft', [])).rejects.toMatchObject({
      remedy: 'Install it: apt-get install nftables',
    });
  });

  it('fails, and nothing else does, where the process has no descriptor left', () => {
    const run = join(import.meta.dirname, '../../../helper/effects/run.ts');
    const script = `
      import { openSync } from 'node:fs';
      import { SystemRunner } from ${JSON.stringify(run)};
      const runner = new SystemRunner({ directories: [${JSON.stringify(directory)}] });
      await runner.run('words', []);
      try { for (;;) openSync('/dev/null', 'r'); } catch {}
      await runner.run('words', []).catch(({ what, detail }) => console.log(what, '|', detail));
      await new Promise((resolve) => setTimeout(resolve, 50));`;
    const line = ['-c', 'ulimit -n 100; exec "$0" --input-type=module -e "$1"', process.execPath, script];
    expect(execFileSync('/bin/sh', line, { encoding: 'utf8' })).toMatch(
      /^words did not finish \| spawn .*words EMFILE\n$/,
    );
  });

  it('ends a program that hangs, with its children', async () => {
    const pidFile = join(directory, 'pid');
    await expect(runner({ timeoutMs: 300 }).run('hangs', [pidFile])).rejects.toMatchObject({
      what: 'hangs did not finish',
      detail: 'no end after 0.3 seconds',
    });
    const child = Number(readFileSync(pidFile, 'utf8'));
    // Gone, or a zombie until its new parent looks.
    const state = () => {
      try {
        return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1];
      } catch {
        return 'gone';
      }
    };
    await expect.poll(state).toMatch(/Z|gone/);
  });

  it('ends a program that floods', async () => {
    await expect(runner({ outputBytes: 100_000 }).run('floods', [])).rejects.toMatchObject({
      detail: 'more than 100000 octets of output',
    });
  });
});

describe('a refusal', () => {
  it('carries what the program said', async () => {
    await expect(runOrFail(runner(), 'It cannot be done', 'fails', ['now'])).rejects.toMatchObject({
      what: 'It cannot be done',
      detail: 'fails: it went wrong',
      remedy: '"adit doctor" checks what the tunnel needs; the command was: fails now',
    });
  });

  it.each([
    ['RTNETLINK answers: Operation not permitted', /CAP_NET_ADMIN/],
    ['Cannot find device "adit0"', /connect again/],
  ])('%s', (stderr, remedy) => {
    expect(refused('x', 'ip', [], { status: 1, stdout: '', stderr }).remedy).toMatch(remedy);
  });

  it('says the status where the program said nothing', () => {
    expect(refused('x', 'ip', [], { status: 4, stdout: '', stderr: '\n' }).detail).toBe('ip: exit status 4');
  });
});
