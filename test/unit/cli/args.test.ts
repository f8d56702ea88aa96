/** The command line is read: options, operands, and what is refused with which words. */
import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '#cli/args.ts';
import { UsageError } from '#cli/errors.ts';

function wrong(line: string): { message: string; remedy: string | undefined } {
  try {
    parseCommandLine(line.split(' ').filter((word) => word !== ''));
  } catch (error) {
    if (error instanceof UsageError) return { message: error.message, remedy: error.remedy };
    throw error;
  }
  throw new Error(`“${line}” was accepted`);
}

describe('parseCommandLine', () => {
  it('finds the command behind global options, and its own options anywhere', () => {
    const { command, operands, values } = parseCommandLine(
      '--socket /s --json up --timeout 5 work --secret-stdin'.split(' '),
    );
    expect({ command, operands, values }).toEqual({
      command: 'up',
      operands: ['work'],
      values: { socket: '/s', json: true, timeout: '5', 'secret-stdin': true },
    });
    expect(parseCommandLine(['status', '--socket=/x']).values.socket).toBe('/x');
  });

  it('takes everything after -- as operands, and values with a dash by =', () => {
    expect(parseCommandLine(['import', '--name=-x', '--', '-f', '--json']).operands).toEqual([
      '-f',
      '--json',
    ]);
    expect(parseCommandLine(['import', '--name=-x', 'f']).values.name).toBe('-x');
  });

  it('lets --help win over what is missing', () => {
    expect(parseCommandLine(['up', '--help'])).toMatchObject({ command: 'up', values: { help: true } });
    expect(parseCommandLine(['-h']).command).toBeUndefined();
  });

  it.each([
    ['stauts', 'There is no command “stauts”.', 'Did you mean “status”?'],
    ['prof', 'There is no command “prof”.', 'Did you mean “profiles”?'],
    ['disconnect', 'There is no command “disconnect”.', 'Did you mean “down”?'],
    ['connect work', 'There is no command “connect”.', 'Did you mean “up”?'],
    ['help', 'There is no command “help”.', 'Did you mean “--help”?'],
    ['frobnicate', 'There is no command “frobnicate”.', 'See adit --help.'],
    ['constructor', 'There is no command “constructor”.', 'See adit --help.'],
    ['up --tiemout 3 x', 'adit up has no option “--tiemout”.', 'Did you mean “--timeout”?'],
    ['up x -z', 'adit up has no option “-z”.', 'See adit up --help.'],
    ['--jsno status', 'adit status has no option “--jsno”.', 'Did you mean “--json”?'],
    ['--versoin', 'adit has no option “--versoin”.', 'Did you mean “--version”?'],
    ['up x --timeout', '“--timeout” needs a value: --timeout S.', 'See adit up --help.'],
    ['up x --timeout --json', '“--timeout” needs a value: --timeout S.', 'See adit up --help.'],
    ['status --json=yes', '“--json” takes no value.', 'See adit status --help.'],
    ['status now', '“now” is one word too many for adit status.', 'Usage: adit status.'],
    ['up', 'adit up needs PROFILE.', 'Usage: adit up PROFILE. For example: adit up work --timeout 30'],
    ['up --toString x', 'adit up has no option “--toString”.', 'See adit up --help.'],
  ])('answers “%s”', (line, message, remedy) => {
    expect(wrong(line)).toEqual({ message, remedy });
  });
});
