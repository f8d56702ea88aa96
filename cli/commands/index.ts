/**
 * The commands of `adit` as one table: names, options, help. args.ts parses by it, help.ts prints it, main.ts loads
 * the one that is asked for and nothing else.
 */
import type { ExportedAs } from '#core/ipc/profile-calls.ts';
import type { Context } from '../context.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** What the value is, for the help: `PATH`. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandSpec {
  readonly summary: string;
  /** What follows the command's name, options apart. */
  readonly operands: string;
  readonly minOperands: number;
  readonly maxOperands: number;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly example: string;
  readonly load: () => Promise<{ readonly run: (context: Context) => Promise<number> }>;
}

/** The contract's formats (core/ipc/profile-calls.ts), here so that no validator is loaded; the first is the default. */
export const EXPORT_NAMES = [
  'adit',
  'sswan',
  'mobileconfig',
  'swanctl',
] as const satisfies readonly ExportedAs[];

export const DEFAULT_SOCKET = '/run/adit/aditd.sock';

export const GLOBAL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  socket: { type: 'string', value: 'PATH', help: `the helper's socket (${DEFAULT_SOCKET})` },
  json: { type: 'boolean', help: 'print JSON; errors too, on stderr' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
};

const p12Stdin: OptionSpec = {
  type: 'boolean',
  help: 'read the password of the PKCS#12 file from stdin',
};
const keyStdin: OptionSpec = {
  type: 'boolean',
  help: 'read the password of the private key from stdin',
};
const secretStdin: OptionSpec = { type: 'boolean', help: 'read the pre-shared key from stdin' };
const ppkStdin: OptionSpec = {
  type: 'boolean',
  help: 'read the post-quantum pre-shared key (RFC 8784) from stdin',
};
const one = { minOperands: 1, maxOperands: 1 };
const none = { operands: '', minOperands: 0, maxOperands: 0 };

export const COMMANDS: Readonly<Record<string, CommandSpec>> = {
  import: {
    summary: 'store profiles from files, and report what became of every setting',
    operands: 'FILE…',
    minOperands: 1,
    maxOperands: 8,
    options: {
      name: { type: 'string', value: 'NAME', help: 'call the profile NAME' },
      user: { type: 'string', short: 'u', value: 'U', help: 'user name, for profiles that ask for one' },
      'dry-run': { type: 'boolean', help: 'report only, store nothing' },
      'secret-stdin': secretStdin,
      'ppk-stdin': ppkStdin,
      'password-stdin': { type: 'boolean', help: 'read the user’s password from stdin, to store it' },
      'p12-password-stdin': p12Stdin,
      'private-key-password-stdin': keyStdin,
      'for-all': { type: 'boolean', help: 'for all users of this computer (as root)' },
    },
    example: 'adit import work.conf --name work',
    load: () => import('./import.ts'),
  },
  profiles: {
    summary: 'list the profiles you may use',
    ...none,
    options: {},
    example: 'adit profiles',
    load: () => import('./profiles.ts'),
  },
  show: {
    summary: 'show a profile',
    operands: 'PROFILE',
    ...one,
    options: {},
    example: 'adit show work',
    load: () => import('./show.ts'),
  },
  export: {
    summary: 'write a profile as a file to import elsewhere, without what is secret',
    operands: 'PROFILE',
    ...one,
    options: {
      format: {
        type: 'string',
        short: 'F',
        value: 'F',
        help: `${EXPORT_NAMES.join(', ')} (${EXPORT_NAMES[0]}: Adit’s own)`,
      },
      output: { type: 'string', short: 'o', value: 'FILE', help: 'write FILE, which must not be there yet' },
      'secret-stdin': { type: 'boolean', help: 'read the pre-shared key from stdin, to write it into FILE' },
      'ppk-stdin': {
        type: 'boolean',
        help: 'read the post-quantum pre-shared key from stdin, to write it into FILE',
      },
      'password-stdin': {
        type: 'boolean',
        help: 'read the user’s password from stdin, to write it into FILE',
      },
    },
    example: 'adit export work --format mobileconfig -o work.mobileconfig',
    load: () => import('./export.ts'),
  },
  remove: {
    summary: 'remove a profile and its secrets',
    operands: 'PROFILE',
    ...one,
    options: {},
    example: 'adit remove work',
    load: () => import('./remove.ts'),
  },
  'set-secret': {
    summary: 'store a secret that a profile lacks; asks for it at a terminal',
    operands: 'PROFILE',
    ...one,
    options: {
      'secret-stdin': secretStdin,
      'ppk-stdin': ppkStdin,
      'password-stdin': { type: 'boolean', help: 'read the user’s password from stdin' },
      'p12-password-stdin': p12Stdin,
      'private-key-password-stdin': keyStdin,
    },
    example: 'adit set-secret work --secret-stdin < key.txt',
    load: () => import('./set-secret.ts'),
  },
  up: {
    summary: 'connect; returns when the tunnel is up (0) or has failed (1)',
    operands: 'PROFILE',
    ...one,
    options: {
      user: { type: 'string', short: 'u', value: 'U', help: 'user name, for profiles that ask for one' },
      'password-stdin': { type: 'boolean', help: 'read the user’s password from stdin' },
      'secret-stdin': { type: 'boolean', help: 'read the pre-shared key from stdin, for this time only' },
      timeout: { type: 'string', value: 'S', help: 'give up after S seconds' },
    },
    example: 'adit up work --timeout 30',
    load: () => import('./up.ts'),
  },
  down: {
    summary: 'disconnect one tunnel, or all of them; returns when they are down',
    operands: '[PROFILE]',
    minOperands: 0,
    maxOperands: 1,
    options: {},
    example: 'adit down work',
    load: () => import('./down.ts'),
  },
  rekey: {
    summary: 'give a connected tunnel new keys; returns when it has them',
    operands: 'PROFILE',
    ...one,
    options: {
      ike: { type: 'boolean', help: 'for the IKE SA' },
      child: { type: 'boolean', help: 'for the Child SAs, which carry the traffic (without either: both)' },
    },
    example: 'adit rekey work --child',
    load: () => import('./rekey.ts'),
  },
  reconnect: {
    summary:
      'make a fresh connection in place of the one that stands, or try again now; returns when it is there',
    operands: 'PROFILE',
    ...one,
    options: {},
    example: 'adit reconnect work',
    load: () => import('./reconnect.ts'),
  },
  status: {
    summary: 'show the tunnels: state, addresses, algorithms, counters',
    ...none,
    options: { watch: { type: 'boolean', short: 'w', help: 'stay, and show every change' } },
    example: 'adit status --watch',
    load: () => import('./status.ts'),
  },
  lockdown: {
    summary: 'let nothing leave this computer but through a tunnel, or end that; alone it says how it is',
    operands: '[on|off]',
    minOperands: 0,
    maxOperands: 1,
    options: {
      lan: { type: 'boolean', help: 'with on: the local network stays within reach' },
      yes: { type: 'boolean', short: 'y', help: 'with on: also where that may cut your own SSH connection' },
    },
    example: 'adit lockdown on --lan',
    load: () => import('./lockdown.ts'),
  },
  log: {
    summary: 'show what the helper has to say',
    ...none,
    options: { follow: { type: 'boolean', short: 'f', help: 'stay, and show what comes' } },
    example: 'adit log -f',
    load: () => import('./log.ts'),
  },
  doctor: {
    summary: 'check what a tunnel needs of this computer',
    ...none,
    options: {
      rescue: { type: 'boolean', help: 'end lockdown, by the helper or without one (then as root)' },
    },
    example: 'adit doctor',
    load: () => import('./doctor.ts'),
  },
};
