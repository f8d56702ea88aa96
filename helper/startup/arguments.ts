/** The command line of aditd. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../log/log.ts';

export interface Arguments {
  readonly socket: string;
  readonly stateDir: string;
  readonly foreground: boolean;
  /** In place of a start: rescue.ts. */
  readonly rescue: boolean;
  /** Not in the help: writes the keys of every SA for a test's capture. */
  readonly keyLog: string | undefined;
}

export const HELP = `aditd - the privileged helper of Adit, a VPN client

Usage: aditd [--socket PATH] [--state-dir DIR] [--foreground]
       aditd --rescue [--state-dir DIR]

  --socket PATH     where adit and the interface connect   (default /run/adit/aditd.sock)
  --state-dir DIR   profiles, secrets, journal and log     (default /var/lib/adit)
  --foreground      print the log on standard error as well
  --rescue          where the helper does not come up: end lockdown, undo what it left, and exit
  --help            this text
  --version         the version

Runs as root, or in a user namespace, with CAP_NET_ADMIN. Ends at SIGTERM and SIGINT: every tunnel is taken down and
every change to the system undone before it exits.
`;

/** Wrong arguments; the message names the argument. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/** Throws ArgumentError. `help` and `version` ask for a text instead of a start. */
export function parseArguments(argv: readonly string[]): Arguments | 'help' | 'version' {
  const { values } = parsed(argv);
  if (values.help) return 'help';
  if (values.version) return 'version';
  return {
    socket: path('--socket', values.socket),
    stateDir: path('--state-dir', values['state-dir']),
    foreground: values.foreground,
    rescue: values.rescue,
    keyLog: values['key-log'] === undefined ? undefined : path('--key-log', values['key-log']),
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      allowPositionals: false,
      options: {
        socket: { type: 'string', default: '/run/adit/aditd.sock' },
        'state-dir': { type: 'string', default: '/var/lib/adit' },
        foreground: { type: 'boolean', default: false },
        rescue: { type: 'boolean', default: false },
        'key-log': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new ArgumentError(`${messageOf(error)} (aditd --help)`);
  }
}

/** sun_path has 108 octets with its terminator; every path here stays below. */
const LONGEST_PATH = 107;

function path(argument: string, text: string): string {
  if (text === '') throw new ArgumentError(`${argument}: the path is empty`);
  if (argument === '--socket' && Buffer.byteLength(resolve(text)) > LONGEST_PATH) {
    throw new ArgumentError(`${argument}: a socket's path has at most ${LONGEST_PATH} octets`);
  }
  return resolve(text);
}
