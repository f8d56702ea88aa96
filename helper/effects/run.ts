/**
 * Runs a program of the system for the effects beside this file: an argument vector, never a shell; looked up only
 * in the system's own directories; with a clean environment, bounded time and bounded output. run-fake.ts stands in.
 */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { SystemFailure } from './effects.ts';

export interface RunResult {
  /** Exit status; 128 plus the signal's number where a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Runner {
  /** The absolute path of a program, or undefined where the system does not have it. */
  find(program: string): string | undefined;
  /** Throws SystemFailure where the program is missing, hangs or floods; any exit status is a result. */
  run(program: string, args: readonly string[], stdin?: string): Promise<RunResult>;
}

/** The Debian package that brings each program the effects use. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  resolvectl: 'systemd-resolved',
  resolvconf: 'openresolv',
};

const DIRECTORIES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const TIMEOUT_MS = 10_000;
const OUTPUT_BYTES = 16 * 1024 * 1024;
const ERROR_BYTES = 64 * 1024;

interface RunnerOptions {
  readonly directories?: readonly string[];
  readonly timeoutMs?: number;
  readonly outputBytes?: number;
}

export class SystemRunner implements Runner {
  readonly #directories: readonly string[];
  readonly #timeoutMs: number;
  readonly #outputBytes: number;

  constructor(options: RunnerOptions = {}) {
    this.#directories = options.directories ?? DIRECTORIES;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#outputBytes = options.outputBytes ?? OUTPUT_BYTES;
  }

  find(program: string): string | undefined {
    if (program.includes('/')) return undefined;
    return this.#directories.map((directory) => join(directory, program)).find(isProgram);
  }

  async run(program: string, args: readonly string[], stdin = ''): Promise<RunResult> {
    const path = this.find(program);
    if (path === undefined) throw missing(program);
    const ended = await this.#spawn(path, args, stdin);
    if (typeof ended !== 'string') return ended;
    throw new SystemFailure(
      `${program} did not finish`,
      ended,
      `Run it by hand: ${commandLine(program, args)}`,
    );
  }

  /** The result, or why there is none. */
  #spawn(path: string, args: readonly string[], stdin: string): Promise<RunResult | string> {
    return new Promise((resolve) => {
      const child = spawn(path, args, {
        cwd: '/',
        env: { LC_ALL: 'C', PATH: this.#directories.join(':') },
        // A group of its own, so that what a script started ends with it.
        detached: true,
      });
      const end = (outcome: RunResult | string) => {
        clearTimeout(timer);
        if (typeof outcome === 'string') killGroup(child.pid);
        for (const stream of pipes) stream.destroy();
        resolve(outcome);
      };
      child.on('error', (error) => end(error.message));
      // Where no descriptor is left it has no pipes, whatever its type says.
      const pipes = child.pid === undefined ? [] : [child.stdin, child.stdout, child.stderr];
      const timer = setTimeout(() => end(`no end after ${this.#timeoutMs / 1000} seconds`), this.#timeoutMs);
      if (child.pid === undefined) return;
      const collect = (stream: NodeJS.ReadableStream, limit: number) => {
        const parts: Buffer[] = [];
        let size = 0;
        stream.on('data', (part: Buffer) => {
          size += part.length;
          if (size > limit) end(`more than ${limit} octets of output`);
          else parts.push(part);
        });
        return () => Buffer.concat(parts).toString('utf8');
      };
      const stdout = collect(child.stdout, this.#outputBytes);
      const stderr = collect(child.stderr, ERROR_BYTES);
      child.on('close', (code, signal) =>
        end({
          status: code ?? 128 + constants.signals[signal ?? 'SIGKILL'],
          stdout: stdout(),
          stderr: stderr(),
        }),
      );
      // A program that does not read its input closes the pipe; its exit status tells the story.
      child.stdin.on('error', () => undefined);
      child.stdin.end(stdin);
    });
  }
}

/** Standard output of a program that must succeed; `what` is the sentence a failure begins with. */
export async function runOrFail(
  runner: Runner,
  what: string,
  program: string,
  args: readonly string[],
  stdin?: string,
): Promise<string> {
  const result = await runner.run(program, args, stdin);
  if (result.status !== 0) throw refused(what, program, args, result);
  return result.stdout;
}

/** What the system said, with the one thing to do about it. */
export function refused(
  what: string,
  program: string,
  args: readonly string[],
  { status, stderr }: RunResult,
): SystemFailure {
  const said = stderr.trim().slice(0, 2000) || `exit status ${status}`;
  const known = REMEDIES.find(([pattern]) => pattern.test(said));
  return new SystemFailure(
    what,
    `${program}: ${said}`,
    known?.[1] ??
      `"adit doctor" checks what the tunnel needs; the command was: ${commandLine(program, args)}`,
  );
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/not permitted|EPERM|Permission denied/i, 'Start aditd as root or with CAP_NET_ADMIN'],
  [/Cannot find device|No such device/i, 'The adapter is gone: connect again'],
];

function missing(program: string): SystemFailure {
  return new SystemFailure(
    `The program ${program} is missing`,
    `it is in none of ${DIRECTORIES.join(', ')}`,
    `Install it: apt-get install ${PACKAGES[program] ?? program}`,
  );
}

function commandLine(program: string, args: readonly string[]): string {
  return [program, ...args].join(' ');
}

function isProgram(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && status.isFile() && (status.mode & 0o111) !== 0;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
