/**
 * Adit on a host of the lab: the helper as it is installed (helper/aditd), driven only by the command line (cli/adit)
 * as a user drives it. Socket under the host's own /run; state in the world's directory.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProfileSummary, statusSchema, type Status, type TunnelStatus } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import type { Host } from './host.ts';
import { CommandError, type Daemon, type Finished, until } from './process.ts';
import type { World } from './world.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const ADITD = join(root, 'helper', 'aditd');
export const ADIT = join(root, 'cli', 'adit');

export interface AditOptions {
  /** More arguments for the helper, e.g. `['--key-log', DIR]`. */
  readonly arguments?: readonly string[];
  readonly socket?: string;
  readonly stateDirectory?: string;
  /** Other programs than those of the sources: as a package installs them, `cache` being where it keeps compiled code. */
  readonly programs?: { readonly aditd: string; readonly adit: string; readonly cache?: string };
  /** Put in front of the helper's command, e.g. `['setpriv', '--bounding-set', '-net_admin']`. */
  readonly launcher?: readonly string[];
}

export class Adit implements AsyncDisposable {
  readonly host: Host;
  readonly world: World;
  readonly socket: string;
  readonly stateDirectory: string;
  readonly #programs: NonNullable<AditOptions['programs']>;
  readonly #launcher: readonly string[];
  readonly #arguments: readonly string[];
  #daemon: Daemon | undefined;

  private constructor(world: World, host: Host, options: AditOptions) {
    this.world = world;
    this.host = host;
    this.socket = options.socket ?? '/run/adit/aditd.sock';
    this.stateDirectory = options.stateDirectory ?? join(world.directory, `adit-${host.name}`);
    this.#programs = options.programs ?? { aditd: ADITD, adit: ADIT };
    this.#launcher = options.launcher ?? [];
    this.#arguments = options.arguments ?? [];
  }

  /** Starts the helper and waits until it answers `adit status`. */
  static async start(world: World, host: Host, options: AditOptions = {}): Promise<Adit> {
    const adit = new Adit(world, host, options);
    await mkdir(adit.stateDirectory, { recursive: true, mode: 0o700 });
    await adit.restart();
    return adit;
  }

  /** Starts the helper again on the same state; it must not run. */
  async restart(): Promise<void> {
    this.#daemon = this.spawn();
    const daemon = this.#daemon;
    await until(
      'aditd answers',
      async () => {
        if (!daemon.running) throw new Error('aditd ended');
        return await this.status();
      },
      { context: () => daemon.output },
    );
  }

  /** Another helper process with the same arguments, not waited for. */
  spawn(): Daemon {
    const places = ['--socket', this.socket, '--state-dir', this.stateDirectory, '--foreground'];
    const { aditd, cache } = this.#programs;
    return this.host.start(
      [...this.#launcher, aditd, ...places, ...this.#arguments],
      cache === undefined ? {} : { env: { CACHE_DIRECTORY: cache } },
    );
  }

  get pid(): number {
    return this.daemon.pid;
  }

  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error('aditd was not started');
    return this.#daemon;
  }

  /** What the helper wrote to its standard output and error so far. */
  get output(): string {
    return this.daemon.output;
  }

  /** Runs `adit ARGUMENTS` to its end, whatever comes of it. */
  try(words: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Promise<Finished> {
    return this.host.try([this.#programs.adit, '--socket', this.socket, ...words], options);
  }

  /** Runs `adit ARGUMENTS`; throws with all it printed and the helper's output unless it exits 0. */
  async run(words: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Promise<string> {
    const finished = await this.try(words, options);
    if (finished.code === 0) return finished.stdout;
    const error = new CommandError(finished);
    error.message += `\n--- aditd:\n${this.#daemon?.output.slice(-4000) ?? 'never started'}`;
    throw error;
  }

  async status(): Promise<Status> {
    return statusSchema.parse(JSON.parse(await this.run(['status', '--json'])));
  }

  /** `adit status --watch --json`, until it is stopped: a line for each change. */
  watch(): Daemon {
    return this.host.start([this.#programs.adit, '--socket', this.socket, 'status', '--watch', '--json']);
  }

  /** The tunnel of one profile; undefined when the helper does not list it. */
  async tunnel(profile: string): Promise<TunnelStatus | undefined> {
    return (await this.status()).tunnels.find(
      ({ profile: { id, name } }) => id === profile || name === profile,
    );
  }

  async profiles(): Promise<readonly ProfileSummary[]> {
    const answer = JSON.parse(await this.run(['profiles', '--json'])) as {
      profiles: readonly ProfileSummary[];
    };
    return answer.profiles;
  }

  /** Imports a profile with its key as a user would, from a file and standard input. Returns its id. */
  async import(profile: ProfileInput, psk?: string): Promise<string> {
    const file = join(this.world.directory, `${profile.name}.json`);
    await writeFile(file, JSON.stringify(profile));
    const secret = psk === undefined ? [] : ['--secret-stdin'];
    const answer = await this.run(
      ['import', file, '--json', ...secret],
      psk === undefined ? {} : { input: psk },
    );
    const { imported } = JSON.parse(answer) as { imported: readonly { id: string | null }[] };
    const id = imported[0]?.id;
    if (typeof id !== 'string') throw new Error(`adit import answered ${answer}`);
    return id;
  }

  /** Connects and returns the tunnel's status. */
  async up(profile: string, timeoutSec = 20): Promise<TunnelStatus> {
    await this.run(['up', profile, '--timeout', String(timeoutSec)], { timeoutMs: (timeoutSec + 5) * 1000 });
    const tunnel = await this.tunnel(profile);
    if (tunnel?.state !== 'connected') throw new Error(`up returned 0, but ${JSON.stringify(tunnel)}`);
    return tunnel;
  }

  async down(profile?: string): Promise<void> {
    await this.run(profile === undefined ? ['down'] : ['down', profile]);
  }

  /** The journal of changes not yet undone; empty text when there is none. */
  journal(): Promise<string> {
    return readFile(join(this.stateDirectory, 'journal.json'), 'utf8').catch(() => '');
  }

  /** Ends the helper; returns its exit code, -1 after SIGKILL. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    return await this.daemon.stop(signal, 10_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#daemon !== undefined) await this.#daemon.stop('SIGTERM', 5_000);
  }
}
