/**
 * The network watch of Linux: rtnetlink for the network, a timer on the wall clock and logind for sleep. Each part may
 * be missing; the others work on. main.ts constructs it.
 */
import type { Clock } from '#helper/clock.ts';
import type { Logger } from '#helper/log/log.ts';
import type { ClockSource, WatchSources } from '#helper/native/watch.ts';
import { Debounce } from './debounce.ts';
import { LogindWatch } from './logind.ts';
import type { Ours } from './network-state.ts';
import type { NetworkChange, NetworkWatch } from './network-watch.ts';
import { RouteWatch } from './route-watch.ts';
import { SleepWatch } from './sleep-watch.ts';

interface LinuxWatchDeps {
  readonly sources: WatchSources;
  readonly clock: Clock;
  readonly ours: Ours;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
  /** The system bus's socket. */
  readonly bus?: string;
}

/** Watches the network namespace of the calling process from now on. */
export function linuxNetworkWatch(deps: LinuxWatchDeps): NetworkWatch {
  return new LinuxNetworkWatch(deps);
}

class LinuxNetworkWatch implements NetworkWatch {
  readonly #log: LinuxWatchDeps['log'];
  readonly #listeners = new Set<(change: NetworkChange) => void>();
  readonly #debounce: Debounce;
  readonly #debounceTaken: Debounce;
  readonly #taken = new Set<number>();
  readonly #logind: LogindWatch;
  #routes: RouteWatch | undefined;
  #clockSource: ClockSource | undefined;

  constructor({ sources, clock, ours, log, bus }: LinuxWatchDeps) {
    this.#log = log;
    this.#debounce = new Debounce(clock, () => this.#tell({ what: 'network' }));
    this.#debounceTaken = new Debounce(clock, () => {
      const tables = [...this.#taken];
      this.#taken.clear();
      this.#tell({ what: 'taken', tables });
    });
    this.#routes = this.#open(
      'network changes',
      () =>
        new RouteWatch(sources, ours, {
          changed: () => this.#debounce.change(),
          taken: (table) => {
            this.#taken.add(table);
            this.#debounceTaken.change();
          },
          failed: (error) => {
            this.#routes = undefined;
            this.#missing('network changes', error);
          },
        }),
    );
    const source = this.#open('sleep', () => sources.openClockWatch(() => sleep.clockSet()));
    this.#clockSource = source;
    const sleep = new SleepWatch(
      source === undefined
        ? () => ({ wall: clock.wall(), boot: clock.now(), monotonic: clock.now() })
        : () => source.take(),
      (change) => this.#tell(change),
    );
    this.#logind = new LogindWatch((before) => sleep.prepare(before), bus);
  }

  get parts(): Readonly<Record<string, boolean>> {
    return {
      rtnetlink: this.#routes !== undefined,
      clock: this.#clockSource !== undefined,
      logind: this.#logind.working,
    };
  }

  subscribe(listener: (change: NetworkChange) => void): () => void {
    // A function of its own for each subscription: the same listener may come twice.
    const own = (change: NetworkChange): void => listener(change);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  close(): void {
    this.#listeners.clear();
    this.#debounce.close();
    this.#debounceTaken.close();
    this.#routes?.close();
    this.#routes = undefined;
    this.#clockSource?.close();
    this.#clockSource = undefined;
    this.#logind.close();
  }

  #tell(change: NetworkChange): void {
    if (change.what === 'network') this.#log.debug('the network changed');
    else if (change.what === 'taken') this.#log.debug('rules or routes of ours are gone');
    else if (change.what === 'sleeping') this.#log.info('the machine is about to sleep');
    else this.#log.info(`the machine slept or its clock jumped: ${Math.round(change.sleptMs / 1000)} s`);
    for (const listener of this.#listeners) listener(change);
  }

  #open<Part>(what: string, open: () => Part): Part | undefined {
    try {
      return open();
    } catch (error) {
      this.#missing(what, error as Error);
      return undefined;
    }
  }

  #missing(what: string, error: Error): void {
    this.#log.warn(`${what} are not noticed at once: ${error.message}`);
  }
}
