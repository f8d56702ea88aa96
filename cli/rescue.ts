/**
 * `adit doctor --rescue`: out of lockdown. A helper that answers is asked; where none does, the one that came with this
 * adit ends it without a service (`aditd --rescue`), with nothing of the caller's environment.
 */
import { spawn } from 'node:child_process';
import { printable } from '#core/text/printable.ts';
import { RefusedError } from './client-errors.ts';
import type { Context } from './context.ts';
import { CliError, EXIT } from './errors.ts';
import { helperProgram } from './helper-program.ts';

/** Of whoever runs this; a test has its own. */
export interface Means {
  readonly program: string | undefined;
  readonly isRoot: boolean;
}

const means = (): Means => ({ program: helperProgram(), isRoot: process.geteuid?.() === 0 });

export async function rescue(context: Context, { program, isRoot }: Means = means()): Promise<number> {
  const why = await askHelper(context);
  if (why === undefined) {
    tell(context, ['lockdown is off']);
    return EXIT.ok;
  }
  if (!isRoot) {
    throw new CliError(
      `${why.message}\nWithout a helper only root ends lockdown.`,
      'Run: sudo adit doctor --rescue',
    );
  }
  if (program === undefined) {
    throw new CliError('There is no aditd beside this adit.', 'Install Adit again.');
  }
  const { code, done, remarks } = await run(program);
  tell(context, done);
  if (code !== 0) throw new CliError(remarks.join('\n') || `${program} ended with ${code}.`);
  context.note(...remarks);
  return EXIT.ok;
}

/** Why no helper did it; what one refuses is thrown. */
async function askHelper(context: Context): Promise<CliError | undefined> {
  try {
    const client = await context.connect();
    await client.call('lockdown.set', { on: false, lan: false });
    return undefined;
  } catch (error) {
    if (!(error instanceof CliError) || error instanceof RefusedError) throw error;
    return error;
  }
}

function tell(context: Context, done: readonly string[]): void {
  if (context.json) context.printJson({ done });
  else context.print(...done);
}

function run(program: string): Promise<{ code: number; done: string[]; remarks: string[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['--rescue'], { cwd: '/', env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
    }
    child.on('error', ({ message }) => reject(new CliError(`${program} does not start: ${message}.`)));
    child.on('close', (code) =>
      resolve({ code: code ?? EXIT.failed, done: linesOf(texts.stdout), remarks: linesOf(texts.stderr) }),
    );
  });
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => printable(line, 1024));
