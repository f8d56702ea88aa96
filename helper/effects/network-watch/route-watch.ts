/**
 * Tells when links, addresses, routes or rules have changed, from a NETLINK_ROUTE socket. Used by linux.ts. Not by
 * `ip monitor`: a socket needs no child that must end with us and be started again, has fields instead of text whose
 * spelling changes with the release, and says when messages were lost.
 */
import { NETLINK_ROUTE, type WatchSources } from '#helper/native/watch.ts';
import { NetlinkError } from './netlink.ts';
import { NetlinkListener } from './netlink-listener.ts';
import { NetworkState, type Ours } from './network-state.ts';
import type { Taken } from './network-watch.ts';
import { decodeDatagram, GROUPS, listRequest, type Received } from './rtnetlink.ts';

interface RouteEvents {
  /** Something that may matter to a path through the network. */
  readonly changed: () => void;
  readonly taken: (taken: Taken) => void;
  /** Called once, when nothing more is heard. */
  readonly failed: (error: Error) => void;
}

/** What was not heard may have told of any tunnel. */
const ANYTHING: Taken = { part: 'link' };

export class RouteWatch {
  readonly #listener: NetlinkListener;
  readonly #state: NetworkState;
  readonly #events: RouteEvents;
  /** What is being listed; undefined when it is known. */
  #listing: 'link' | 'address' | undefined;
  /** Messages were lost while it was listed. */
  #again = false;

  /** Throws SystemError where the system has no such socket. */
  constructor(sources: WatchSources, ours: Ours, events: RouteEvents) {
    this.#events = events;
    this.#state = new NetworkState(ours);
    this.#listener = new NetlinkListener(sources, NETLINK_ROUTE, Object.values(GROUPS), {
      heard: (datagrams, lost) => this.#heard(datagrams, lost),
      failed: events.failed,
    });
    this.#list('link');
  }

  close(): void {
    this.#listener.close();
  }

  #heard(datagrams: readonly Uint8Array[], lost: boolean): void {
    if (lost) {
      this.#startOver();
      this.#events.taken(ANYTHING);
    }
    // Each must be taken in, also behind one that matters.
    const matter = datagrams.filter((datagram) => this.#matters(datagram));
    if (matter.length > 0 || lost) this.#events.changed();
  }

  /** Forgets what is known and lists it again. */
  #startOver(): void {
    this.#state.clear();
    if (this.#listing === undefined) this.#list('link');
    else this.#again = true;
  }

  #matters(datagram: Uint8Array): boolean {
    let matters = false;
    for (const { port, message } of this.#decode(datagram)) {
      const answer = port === this.#listener.port;
      if (message === 'done') {
        if (answer) this.#listed();
      } else if (message !== undefined) {
        const taken = this.#state.takes(message);
        if (taken !== undefined) this.#events.taken(taken);
        const changes = this.#state.changes(message);
        matters ||= changes && !answer;
      }
    }
    return matters;
  }

  /** What cannot be read may have said anything. */
  #decode(datagram: Uint8Array): Received[] {
    try {
      return decodeDatagram(datagram);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.#events.taken(ANYTHING);
      this.#events.changed();
      return [];
    }
  }

  #list(what: 'link' | 'address'): void {
    this.#listing = what;
    this.#listener.send(listRequest(what));
  }

  #listed(): void {
    const [listed, again] = [this.#listing, this.#again];
    this.#listing = undefined;
    this.#again = false;
    if (again) this.#list('link');
    else if (listed === 'link') this.#list('address');
  }
}
