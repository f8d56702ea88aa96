/** A netlink socket that is read as soon as it has something, until it fails or is closed. Used by route-watch.ts and table-watch.ts. */
import type { NetlinkSource, WatchSources } from '#helper/native/watch.ts';

interface NetlinkEvents {
  /** What came; `lost`: the kernel dropped some before. What this throws ends the listening, too. */
  readonly heard: (datagrams: readonly Uint8Array[], lost: boolean) => void;
  /** Called once, when nothing more is heard. */
  readonly failed: (error: Error) => void;
}

/** Datagrams between two turns of the event loop. */
const PER_TURN = 64;

export class NetlinkListener {
  readonly #source: NetlinkSource;
  readonly #events: NetlinkEvents;
  #closed = false;

  /** Throws SystemError where the system has no such socket. */
  constructor(sources: WatchSources, family: number, groups: readonly number[], events: NetlinkEvents) {
    this.#events = events;
    this.#source = sources.openNetlink(family, groups, () => this.#ready());
  }

  get port(): number {
    return this.#source.port;
  }

  send(request: Uint8Array): void {
    this.#source.send(request);
  }

  close(): void {
    this.#closed = true;
    this.#source.close();
  }

  #ready(): void {
    if (this.#closed) return;
    try {
      const { datagrams, lost } = this.#source.take(PER_TURN);
      this.#events.heard(datagrams, lost);
    } catch (error) {
      this.close();
      this.#events.failed(error as Error);
    }
  }
}
