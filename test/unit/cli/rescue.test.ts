/**
 * `adit doctor --rescue`: the helper first, then the program beside this adit. Here that one is a script: the real one is
 * run by test/system/lockdown-without-helper.test.ts.
 */
import { describe, expect, it } from 'vitest';
import type { Context } from '#cli/context.ts';
import { connectionError } from '#cli/client-errors.ts';
import { CliError } from '#cli/errors.ts';
import { styleFor } from '#cli/output/style.ts';
import { rescue } from '#cli/rescue.ts';
import { chmodSync } from 'node:fs';
import { Refusal } from '#test/fakes/helper-server.ts';
import { file, helper, run } from '#test/harness/cli-session.ts';

const OFF = { on: false, lan: false, byAdmin: false, fault: null };

/** Where no helper answers. */
function alone(json = false) {
  const out: unknown[] = [];
  const notes: string[] = [];
  const style = styleFor({}, {});
  const context: Context = {
    operands: [],
    values: {},
    json,
    style,
    errorStyle: style,
    connect: () =>
      Promise.reject(connectionError('/run/adit/aditd.sock', Object.assign(new Error(), { code: 'ENOENT' }))),
    print: (...lines) => void out.push(...lines),
    printJson: (value) => void out.push(value),
    printAnswer: () => Promise.reject(new Error('the helper answered nothing')),
    note: (...lines) => void notes.push(...lines),
  };
  return { context, out, notes };
}

function script(body: string): string {
  const path = file('aditd', `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o700);
  return path;
}

describe('adit doctor --rescue', () => {
  it('has the helper end lockdown, where one answers', async () => {
    const fake = await helper({ 'lockdown.set': () => OFF });
    expect(await run(fake, 'doctor --rescue')).toEqual({ code: 0, stdout: 'lockdown is off\n', stderr: '' });
    expect(fake.received).toEqual([{ name: 'lockdown.set', params: { on: false, lan: false } }]);
    expect(JSON.parse((await run(fake, 'doctor --rescue --json')).stdout)).toEqual({
      done: ['lockdown is off'],
    });
  });

  it.each(['forbidden', 'unknownCall', 'refused'] as const)(
    'leaves it at what a helper says that answers: %s',
    async (code) => {
      const fake = await helper({
        'lockdown.set': () => {
          throw new Refusal(code, 'what the helper says');
        },
      });
      const { code: exit, stdout, stderr } = await run(fake, 'doctor --rescue');
      expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
      expect(stderr).toMatch(/^adit: what the helper says\n/);
    },
  );

  it('starts the program where none answers, without the caller’s environment and folder', async () => {
    const { context, out, notes } = alone();
    const program = script('echo "$@"; pwd; env | grep -c ADIT_ || true; echo "a remark" >&2');
    process.env['ADIT_RESCUE_TEST'] = 'x';
    try {
      expect(await rescue(context, { program, isRoot: true })).toBe(0);
    } finally {
      delete process.env['ADIT_RESCUE_TEST'];
    }
    expect({ out, notes }).toEqual({ out: ['--rescue', '/', '0'], notes: ['a remark'] });
  });

  it('tells in JSON what was done', async () => {
    const { context, out } = alone(true);
    expect(await rescue(context, { program: script('echo one; echo two'), isRoot: true })).toBe(0);
    expect(out).toEqual([{ done: ['one', 'two'] }]);
  });

  it('fails with what failed, after what was done', async () => {
    const { context, out } = alone();
    const program = script('echo one; echo "two failed. Do this" >&2; exit 1');
    await expect(rescue(context, { program, isRoot: true })).rejects.toThrow(
      new CliError('two failed. Do this'),
    );
    expect(out).toEqual(['one']);
  });

  it('says who may, where the caller is not root, and starts nothing', async () => {
    const { context, out } = alone();
    const failure = await rescue(context, { program: script('echo no'), isRoot: false }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      message: expect.stringMatching(/no socket at .*\nWithout a helper only root ends lockdown\./) as string,
      remedy: 'Run: sudo adit doctor --rescue',
    });
    expect(out).toEqual([]);
  });

  it.each([
    ['missing', undefined, /no aditd beside this adit/],
    ['gone', '/nonexistent/aditd', /\/nonexistent\/aditd does not start: .*ENOENT/],
  ])('says so where the program is %s', async (_, program, says) => {
    await expect(rescue(alone().context, { program, isRoot: true })).rejects.toThrow(says);
  });
});
