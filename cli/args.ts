/** The command line against the table of commands. Wrong ones get a sentence and the nearest right one. */
import { parseArgs } from 'node:util';
import { type CommandSpec, COMMANDS, GLOBAL_OPTIONS, type OptionSpec } from './commands/index.ts';
import { UsageError } from './errors.ts';
import { nearest } from './nearest.ts';

export interface Parsed {
  /** Undefined for `adit` alone, `adit --help` and `adit --version`. */
  readonly command: string | undefined;
  readonly operands: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

/** Options that stand for themselves, without a command. */
const LONE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  version: { type: 'boolean', help: 'show the version' },
};

/** What people type who know other programs. By its letters `disconnect` would be `reconnect`. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['connect', 'up'],
  ['disconnect', 'down'],
  ['list', 'profiles'],
  ['delete', 'remove'],
  ['killswitch', 'lockdown'],
  ['kill-switch', 'lockdown'],
  ['help', '--help'],
  ['version', '--version'],
]);

/** Throws UsageError. With `--help` anywhere nothing else is checked. */
export function parseCommandLine(argv: readonly string[]): Parsed {
  const at = commandAt(argv);
  const name = argv[at];
  const help = argv.includes('--help') || argv.includes('-h');
  if (name === undefined)
    return { command: undefined, ...parseOptions(argv, { ...GLOBAL_OPTIONS, ...LONE_OPTIONS }, '') };
  const spec = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!spec) {
    if (help) return { command: undefined, operands: [], values: { help } };
    throw new UsageError(
      `There is no command “${name}”.`,
      suggestion(ELSEWHERE.get(name) ?? nearest(name, Object.keys(COMMANDS))) ?? 'See adit --help.',
    );
  }
  if (help) return { command: name, operands: [], values: { help } };
  const rest = [...argv.slice(0, at), ...argv.slice(at + 1)];
  const parsed = parseOptions(rest, { ...GLOBAL_OPTIONS, ...spec.options }, name);
  checkOperands(name, spec, parsed.operands);
  return { command: name, ...parsed };
}

/** Where the command stands: the first word that is neither an option nor the value of a global one. */
function commandAt(argv: readonly string[]): number {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) return at;
    if (GLOBAL_OPTIONS[word.slice(2)]?.type === 'string') at++;
  }
  return argv.length;
}

function parseOptions(
  args: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
  command: string,
): Omit<Parsed, 'command'> {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean> = {};
  const operands: string[] = [];
  const see = `See adit ${command === '' ? '' : `${command} `}--help.`;
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    const dashes = token.rawName.startsWith('--') ? '--' : '-';
    if (!option) {
      const near = dashes === '--' ? nearest(token.name, Object.keys(options)) : undefined;
      throw new UsageError(
        `${command === '' ? 'adit' : `adit ${command}`} has no option “${token.rawName}”.`,
        suggestion(near && `--${near}`) ?? see,
      );
    }
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw new UsageError(`“${token.rawName}” takes no value.`, see);
      values[token.name] = true;
    } else {
      // A word that begins with a dash is more likely the next option; --name=-x says otherwise.
      if (token.value === undefined || (!token.inlineValue && token.value.startsWith('-'))) {
        throw new UsageError(
          `“${token.rawName}” needs a value: ${token.rawName} ${option.value ?? 'VALUE'}.`,
          see,
        );
      }
      values[token.name] = token.value;
    }
  }
  return { operands, values };
}

function checkOperands(name: string, spec: CommandSpec, operands: readonly string[]): void {
  const usage = `Usage: adit ${name} ${spec.operands}`.trimEnd();
  if (operands.length < spec.minOperands) {
    throw new UsageError(`adit ${name} needs ${spec.operands}.`, `${usage}. For example: ${spec.example}`);
  }
  const extra = operands[spec.maxOperands];
  if (extra !== undefined)
    throw new UsageError(`“${extra}” is one word too many for adit ${name}.`, `${usage}.`);
}

const suggestion = (best: string | undefined): string | undefined =>
  best === undefined ? undefined : `Did you mean “${best}”?`;
