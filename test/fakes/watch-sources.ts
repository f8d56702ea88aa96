/** What the kernel tells, as a test says it: netlink datagrams, losses, and clocks that jump. */
import {
  type Clocks,
  type ClockSource,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  type NetlinkSource,
  type WatchSources,
} from '#helper/native/watch.ts';

/** What the socket of a netlink family is about to hear. */
interface Family {
  readonly waiting: Uint8Array[];
  lost: boolean;
  readonly ready: () => void;
}

export class FakeWatchSources implements WatchSources {
  readonly port = 4711;
  clocks: Clocks = { wall: 1_800_000_000_000, boot: 90_000, monotonic: 90_000 };
  /** nlmsg_type of each request that was sent to rtnetlink. */
  readonly requests: number[] = [];
  /** Descriptors that are open. */
  opened = 0;
  /** What the next `open…` or `take` of a netlink source throws. */
  openFailure: Error | undefined;
  takeFailure: Error | undefined;
  readonly #families = new Map<number, Family>();
  #clockReady: () => void = () => undefined;

  openNetlink(family: number, _groups: readonly number[], ready: () => void): NetlinkSource {
    this.#open();
    const heard: Family = { waiting: [], lost: false, ready };
    this.#families.set(family, heard);
    return {
      port: this.port,
      send: (request) => this.requests.push(new DataView(request.buffer).getUint16(4, true)),
      take: (most) => {
        if (this.takeFailure) throw this.takeFailure;
        const taken = { datagrams: heard.waiting.splice(0, most), lost: heard.lost };
        heard.lost = false;
        return taken;
      },
      close: () => this.opened--,
    };
  }

  openClockWatch(ready: () => void): ClockSource {
    this.#open();
    this.#clockReady = ready;
    return { take: () => this.clocks, close: () => this.opened-- };
  }

  /** rtnetlink says this. */
  tell(...datagrams: readonly Uint8Array[]): void {
    this.#say(NETLINK_ROUTE, datagrams);
  }

  /** nfnetlink says this. */
  tellTables(...datagrams: readonly Uint8Array[]): void {
    this.#say(NETLINK_NETFILTER, datagrams);
  }

  /** Messages of rtnetlink, or of another family, are lost. */
  lose(family = NETLINK_ROUTE): void {
    this.#say(family, [], true);
  }

  /** Time goes on by `ms`, on the clocks that are named; whether the kernel says so. */
  pass(ms: number, on: readonly (keyof Clocks)[], say = true): void {
    const { clocks } = this;
    const later = (clock: keyof Clocks): number => clocks[clock] + (on.includes(clock) ? ms : 0);
    this.clocks = { wall: later('wall'), boot: later('boot'), monotonic: later('monotonic') };
    if (say) this.#clockReady();
  }

  #say(family: number, datagrams: readonly Uint8Array[], lost = false): void {
    const heard = this.#families.get(family);
    if (heard === undefined) return;
    heard.waiting.push(...datagrams);
    heard.lost ||= lost;
    heard.ready();
  }

  #open(): void {
    if (this.openFailure) throw this.openFailure;
    this.opened++;
  }
}
