/**
 * Words for what goes wrong between a client and the helper. client.ts throws them, main.ts prints them.
 */
import { existsSync } from 'node:fs';
import { ERROR_CODES } from '#core/ipc/protocol.ts';
import { printable } from '#core/text/printable.ts';
import { CliError } from './errors.ts';
import { helperProgram } from './helper-program.ts';

/** The helper refused a call; `code` is one of ERROR_CODES. */
export class RefusedError extends CliError {
  override readonly name = 'RefusedError';
  readonly code: number;
  constructor(code: number, sentence: string, remedy?: string) {
    super(sentence, remedy);
    this.code = code;
  }
}

const REMEDIES: Readonly<Record<number, string>> = {
  [ERROR_CODES.protocol]: 'Bring adit and aditd to the same version.',
  [ERROR_CODES.unknownCall]: 'The helper is older than this adit: bring both to the same version.',
  [ERROR_CODES.internal]: 'See the helper’s log: adit log, or journalctl -u aditd.',
};

/** Throws TypeError where `error` is no error of JSON-RPC. */
export function refusalOf({ code, message }: Readonly<Record<string, unknown>>): RefusedError {
  if (typeof code !== 'number' || typeof message !== 'string') throw new TypeError('an error without words');
  const lines = message.split('\n').map((line) => printable(line, 1024));
  return new RefusedError(code, lines.join('\n'), REMEDIES[code]);
}

export function nonsense(path: string, detail: string): CliError {
  return new CliError(
    `What listens on ${path} does not speak the helper’s protocol: ${printable(detail)}.`,
    'Check that aditd of the same version runs there.',
  );
}

export const closed = (): CliError =>
  new CliError('The helper closed the connection.', 'See its log: adit log, or journalctl -u aditd.');

/** Where packages put the unit; without it no systemctl starts the helper. */
const UNIT = '/usr/lib/systemd/system/aditd.service';

/** What a person types to have the helper run. */
function startCommand(): string {
  const helper = existsSync(UNIT) ? undefined : helperProgram();
  return helper === undefined ? 'sudo systemctl start aditd' : `sudo "${helper}" --foreground`;
}

/** Errors of connect(2) and of the stream, for a person. */
export function connectionError(path: string, error: NodeJS.ErrnoException): CliError {
  switch (error.code) {
    case 'ENOENT':
      return new CliError(
        `The helper is not running: there is no socket at ${path}.`,
        `Start it: ${startCommand()}\nOr name another with --socket.`,
      );
    case 'ECONNREFUSED':
      return new CliError(
        `The helper is not running: nobody listens on ${path}.`,
        `Start it: ${startCommand()}`,
      );
    case 'EACCES':
    case 'EPERM':
      return new CliError(
        `You may not use the helper’s socket ${path}.`,
        'You may not enter its folder: use sudo, or name another socket with --socket.',
      );
    case 'ENOTSOCK':
    case 'EPROTOTYPE':
      return new CliError(`${path} is no socket of the helper.`, 'Name the right one with --socket.');
    case 'EPIPE':
    case 'ECONNRESET':
      return closed();
    default:
      return new CliError(
        `The connection to the helper at ${path} broke: ${error.message}.`,
        'See its log: journalctl -u aditd.',
      );
  }
}

/** A helper that takes a call and says nothing. */
export const unanswered = (name: string, afterMs: number): CliError =>
  new CliError(
    `The helper did not answer ${name} within ${afterMs / 1000} seconds.`,
    existsSync(UNIT)
      ? 'Restart it: sudo systemctl restart aditd'
      : `End it, and start it again: ${startCommand()}`,
  );
