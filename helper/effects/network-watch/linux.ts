/**
 * The network watch of Linux: rtnetlink for the network, nfnetlink and inotify for what else tunnels have in force, a timer on the wall
 * clock and logind for sleep. Each part may be missing; the others work on. main.ts constructs it.
 */
import type { Clock } from '#helper/clock.ts';
import type { Logger } from '#helper/log/log.ts';
import type { ClockSource, WatchSources } from '#helper/native/watch.ts';
import { Debounce } from './debounce.ts';
import { FileWatch } from './file-watch.ts';
import { LogindWatch } from './logind.ts';
import type { Ours } from './network-state.ts';
import type { NetworkChange, NetworkWatch, Taken } from './network-watch.ts';
import { RouteWatch } from './route-watch.ts';
import { SleepWatch } from './sleep-watch.ts';
import { type TableOwner, TableWatch } from './table-watch.ts';

interface LinuxWatchDeps {
  readonly sources: WatchSources;
  readonly clock: Clock;
  readonly ours: Ours;
  /** Where the system's name servers are written: /etc/resolv.conf. */
  readonly resolvConf: string;
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
  /** By what may be whole again. */
  readonly #taken = new Map<string, Taken>();
  readonly #logind: LogindWatch;
  /** It goes round: what is taken is put back and taken again. */
  #held = false;
  #routes: RouteWatch | undefined;
  #tables: TableWatch | undefined;
  #nameServers: FileWatch | undefined;
  #clockSource: ClockSource | undefined;

  constructor({ sources, clock, ours, resolvConf, log, bus }: LinuxWatchDeps) {
    this.#log = log;
    this.#debounce = new Debounce(clock, () => this.#tell({ what: 'network' }));
    this.#debounceTaken = new Debounce(clock, () => this.#tellTaken(), { paced: true });
    this.#routes = this.#open(
      NETWORK,
      () =>
        new RouteWatch(sources, ours, {
          changed: () => this.#debounce.change(),
          taken: (taken) => this.#note(keyOf(taken), taken),
          failed: (error) => {
            this.#routes = undefined;
            this.#missing(NETWORK, error);
          },
        }),
    );
    this.#tables = this.#open(
      FIREWALL,
      () =>
        new TableWatch(sources, {
          less: (key, whose) => this.#note(`table ${key}`, takenFrom(whose)),
          made: (key) => this.#whole(`table ${key}`),
          failed: (error) => {
            this.#tables = undefined;
            this.#missing(FIREWALL, error);
          },
        }),
    );
    this.#nameServers = this.#open(
      NAME_SERVERS,
      () =>
        new FileWatch(resolvConf, {
          changed: () => this.#note('dns', { part: 'dns' }),
          failed: (error) => {
            this.#nameServers = undefined;
            this.#missing(NAME_SERVERS, error);
          },
        }),
    );
    const source = this.#open('sleep is not noticed at once', () =>
      sources.openClockWatch(() => sleep.clockSet()),
    );
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
      nfnetlink: this.#tables !== undefined,
      inotify: this.#nameServers !== undefined,
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
    this.#debounce.drop();
    this.#debounceTaken.drop();
    this.#routes?.close();
    this.#routes = undefined;
    this.#tables?.close();
    this.#tables = undefined;
    this.#nameServers?.close();
    this.#nameServers = undefined;
    this.#clockSource?.close();
    this.#clockSource = undefined;
    this.#logind.close();
  }

  #note(key: string, taken: Taken): void {
    this.#taken.set(key, taken);
    this.#debounceTaken.change();
  }

  /** What was replaced in one transaction has not gone. */
  #whole(key: string): void {
    if (this.#taken.delete(key) && this.#taken.size === 0) this.#debounceTaken.drop();
  }

  #tellTaken(): void {
    // Two tables of one adapter are one loss.
    const losses = new Map([...this.#taken.values()].map((taken) => [keyOf(taken), taken]));
    this.#taken.clear();
    const held = this.#debounceTaken.isHeld;
    if (held && !this.#held) this.#log.warn(AGAIN_AND_AGAIN);
    this.#held = held;
    this.#tell({ what: 'taken', taken: [...losses.values()], ...(held ? { again: true } : {}) });
  }

  #tell(change: NetworkChange): void {
    if (change.what === 'network') this.#log.debug('the network changed');
    else if (change.what === 'taken') {
      const parts = change.taken.map(({ part }) => part).join(', ');
      if (!change.again) this.#log.debug(`changed of what tunnels have: ${parts}`);
    } else if (change.what === 'sleeping') this.#log.info('the machine is about to sleep');
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
    this.#log.warn(`${what}: ${error.message}`);
  }
}

const AGAIN_AND_AGAIN =
  'what tunnels have in force changes again and again, perhaps by another program: it is looked after once a second, and no more is said';

const NETWORK = 'network changes are not noticed at once';
const FIREWALL = 'changes of the firewall tables are not noticed';
const NAME_SERVERS = 'changes of the name servers are not noticed';

function takenFrom(whose: TableOwner): Taken {
  if (whose === 'lockdown') return { part: 'lockdown' };
  return { part: 'firewall', ...(whose === 'any' ? {} : whose) };
}

function keyOf(taken: Taken): string {
  switch (taken.part) {
    case 'routes':
      return `routes ${taken.table}`;
    case 'address':
      return `address ${taken.tun} ${taken.address}`;
    case 'link':
      return `link ${taken.tun ?? ''}`;
    case 'firewall':
      return `firewall ${taken.tun ?? ''}`;
    default:
      return taken.part;
  }
}
