/** Help texts, made from the table of commands. */
import { type CommandSpec, COMMANDS, GLOBAL_OPTIONS, type OptionSpec } from './commands/index.ts';

export function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return [
    'adit: an IPsec VPN client',
    '',
    'Usage: adit [--socket PATH] COMMAND [OPTION…]',
    '',
    'Commands:',
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Options:',
    ...optionLines({ ...GLOBAL_OPTIONS, version: { type: 'boolean', help: 'show the version' } }),
    '',
    'adit COMMAND --help says more. A PROFILE is an id, a name, or the beginning of one.',
    '',
  ].join('\n');
}

export function commandHelp(name: string, spec: CommandSpec): string {
  const own = Object.keys(spec.options).length > 0;
  return [
    `adit ${name}: ${spec.summary}`,
    '',
    `Usage: adit ${[name, spec.operands, own ? '[OPTION…]' : ''].filter((part) => part !== '').join(' ')}`,
    '',
    'Options:',
    ...optionLines({ ...spec.options, ...GLOBAL_OPTIONS }),
    '',
    `Example: ${spec.example}`,
    '',
  ].join('\n');
}

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  const heads = Object.entries(options).map(([name, { short, value }]) =>
    [short === undefined ? '    ' : `-${short}, `, `--${name}`, value === undefined ? '' : ` ${value}`].join(
      '',
    ),
  );
  const width = Math.max(...heads.map((head) => head.length));
  return Object.values(options).map(({ help }, i) => `  ${(heads[i] ?? '').padEnd(width)}  ${help}`);
}
