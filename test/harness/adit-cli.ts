/** Runs cli/adit as a person would, and gathers what it prints. */
import { spawn, type ChildProcess } from 'node:child_process';

/** The launcher. */
export const ADIT = new URL('../../cli/adit', import.meta.url).pathname;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves once stdout and stderr together hold `text`. */
  printed(text: string): Promise<void>;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts `adit ARGS`; stdin is empty unless given, and no terminal is there. */
export function startAdit(args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(ADIT, args, { env: { ...process.env, ...options.environment }, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  let waiting: (() => void)[] = [];
  const heard = (): void => {
    for (const check of waiting) check();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    heard();
  });
  // A command that fails early closes its end first.
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    finished,
    printed: (text) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!`${stdout}\n${stderr}`.includes(text)) return;
          waiting = waiting.filter((other) => other !== check);
          resolve();
        };
        waiting.push(check);
        check();
      }),
  };
}

export const runAdit = (args: readonly string[], options?: RunOptions): Promise<Finished> =>
  startAdit(args, options).finished;
