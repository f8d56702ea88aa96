/** Secrets on their way in: from stdin or a terminal, never from the command line, where every user could read them. */
import { type Context, flag } from './context.ts';
import { CliError, EXIT, UsageError } from './errors.ts';

/** What base64 in a frame can carry (contract.ts). */
const MAX_SECRET = 3072;

/** All of stdin as base64, without one line end at its end. Throws CliError where it is empty or too long. */
export async function secretFromStdin(mayBeEmpty = false): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_SECRET + 2) throw tooLong();
  }
  return encode(Buffer.concat(chunks), mayBeEmpty);
}

function encode(read: Buffer, mayBeEmpty: boolean): string {
  const end = read.at(-1) === 0x0a ? (read.at(-2) === 0x0d ? -2 : -1) : read.length;
  const secret = read.subarray(0, end);
  if (secret.length === 0 && !mayBeEmpty)
    throw new CliError('The secret is empty.', 'Give it on stdin, one line.');
  if (secret.length > MAX_SECRET) throw tooLong();
  return secret.toString('base64');
}

const tooLong = (): CliError =>
  new CliError(`The secret is longer than ${MAX_SECRET} bytes.`, 'Check what was piped in.');

/** The one of `options` that is given, if any. There is only one stdin. Throws UsageError. */
export function stdinOption<O extends string>(context: Context, options: readonly O[]): O | undefined {
  const [option, another] = options.filter((name) => flag(context, name));
  if (another !== undefined) {
    throw new UsageError(
      `--${option} and --${another} both read stdin.`,
      'Store one of them with adit set-secret.',
    );
  }
  return option;
}

/** The pre-shared key by `--secret-stdin`, else asked for at the terminal. Undefined where there is none to ask. */
export async function givenOrAskedSecret(context: Context, profile: string): Promise<string | undefined> {
  if (flag(context, 'secret-stdin')) return secretFromStdin();
  return askedAtTerminal(`Pre-shared key of ${profile}: `);
}

export const atTerminal = (): boolean => process.stdin.isTTY && process.stderr.isTTY;

interface AskOptions {
  readonly echo?: boolean;
  readonly mayBeEmpty?: boolean;
  /** Once it aborts nothing is read any more, and no answer comes. */
  readonly signal?: AbortSignal;
}

/** What is typed, as base64; `echo` shows it. Undefined without a terminal. Ctrl-C throws with exit code 130. */
export async function askedAtTerminal(
  question: string,
  { echo = false, mayBeEmpty = false, signal }: AskOptions = {},
): Promise<string | undefined> {
  if (!atTerminal()) return undefined;
  return encode(Buffer.from(await askOneLine(question, echo, signal)), mayBeEmpty);
}

/** Says how to give a secret where there is no terminal. */
export const noTerminal = (name: string): UsageError =>
  new UsageError(
    'There is no terminal to ask for the pre-shared key.',
    `Pipe it: adit ${name} --secret-stdin < key.txt`,
  );

/** One line, shown only with `echo`. Ctrl-C throws with exit code 130. */
function askOneLine(question: string, echo: boolean, signal?: AbortSignal): Promise<string> {
  const { stdin, stderr } = process;
  // Before the question: who types fast must not see a secret either.
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    let open = true;
    const finish = (settle: () => void): void => {
      if (!open) return;
      open = false;
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      settle();
    };
    const onData = (keys: string): void => {
      for (const key of keys) {
        if (key === '\r' || key === '\n') return finish(() => resolve(typed.join('')));
        if (key === '\u0003' || key === '\u0004') {
          return finish(() => reject(new CliError('Interrupted.', undefined, EXIT.interrupted)));
        }
        if (key === '\u007f' || key === '\b') typed.pop();
        else if (key === '\u0015') typed = [];
        else if (key >= ' ') typed.push(key);
        if (echo) stderr.write(`\r\u001b[K${question}${typed.join('')}`);
      }
    };
    // A terminal that is still read would keep the process from ending.
    signal?.addEventListener('abort', () => finish(() => undefined), { once: true });
    stdin.on('data', onData);
    stdin.resume();
  });
}
