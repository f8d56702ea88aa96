/**
 * Child processes for the lab: run one to its end, keep one running, wait until something holds. Every wait has a
 * deadline and says what it waited for. Used by host.ts and everything above it.
 */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Default 30 s; the process is killed then and the promise rejects. */
  readonly timeoutMs?: number;
}

export interface Finished {
  readonly argv: readonly string[];
  /** Exit code; 128 plus the signal's absence of a number is never used: a signal reads as -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly finished: Finished;
  constructor(finished: Finished) {
    super(
      `${finished.argv.join(' ')}: exit ${finished.code}\n${finished.stdout}${finished.stderr}`.trimEnd(),
    );
    this.finished = finished;
  }
}

/** Runs `argv` to its end and returns what it printed, whatever its exit code. */
export async function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = start(argv, { stdio: ['pipe', 'pipe', 'pipe'], cwd: options.cwd, env: options.env });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  // A process that exits without reading its input closes the pipe: its exit code tells more than EPIPE does.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  const limit = options.timeoutMs ?? 30_000;
  const timer = setTimeout(() => child.kill('SIGKILL'), limit);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  const finished: Finished = {
    argv,
    code: code ?? -1,
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString() + (signal === null ? '' : `\n[ended by ${signal}]`),
  };
  if (signal === 'SIGKILL') throw new CommandError(finished);
  return finished;
}

/** Like `tryRun`, but a non-zero exit throws `CommandError`. Returns stdout. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await tryRun(argv, options);
  if (finished.code !== 0) throw new CommandError(finished);
  return finished.stdout;
}

/** Starts `argv` with `env` added to ours; the caller owns the child. */
export function start(
  argv: readonly string[],
  options: Omit<SpawnOptions, 'env'> & { env?: Readonly<Record<string, string>> | undefined },
): ChildProcess {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('start: an empty command');
  return spawn(file, args, { ...options, env: { ...process.env, ...options.env } });
}

/** A process that stays, what it said so far, and its end. */
export class Daemon implements AsyncDisposable {
  readonly argv: readonly string[];
  readonly child: ChildProcess;
  readonly exited: Promise<number>;
  #output = '';
  #code: number | undefined;

  constructor(argv: readonly string[], child: ChildProcess) {
    this.argv = argv;
    this.child = child;
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-1_000_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.exited = new Promise((resolve) => {
      const end = (code: number) => {
        this.#code ??= code;
        resolve(this.#code);
      };
      child.once('exit', (code, signal) => end(code ?? (signal === null ? -1 : -1)));
      child.once('error', (error) => {
        this.#output += error.message;
        end(-1);
      });
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.argv.join(' ')} did not start: ${this.output}`);
    return this.child.pid;
  }

  /** The last megabyte of stdout and stderr together. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#code === undefined;
  }

  /** Sends `signal`, waits up to `graceMs`, then SIGKILL. Returns the exit code, -1 after a signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 5_000): Promise<number> {
    if (!this.running) return this.exited;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGTERM', 1_000);
  }
}

/**
 * Asks `probe` again and again until it returns something other than undefined or false; a throwing probe counts as
 * "not yet". After `timeoutMs` throws with `what`, the last error and what `context` has to say.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  options: { timeoutMs?: number; context?: () => string } = {},
): Promise<T> {
  const limit = options.timeoutMs ?? 10_000;
  const end = performance.now() + limit;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const because = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(
        `waited ${limit} ms in vain until ${what}${because}\n${options.context?.() ?? ''}`.trimEnd(),
        {
          cause: last,
        },
      );
    }
    await sleep(15);
  }
}

/** VmRSS of the process that `pid` became: helper/aditd replaces itself by Node. */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
  if (!Number.isFinite(kibibytes)) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return (kibibytes * 1024) / 1e6;
}
