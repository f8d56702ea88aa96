/** What the kernel tells, as a test says it: netlink datagrams, losses, and clocks that jump. */
import type { Clocks, ClockSource, RouteSource, WatchSources } from '#helper/native/watch.ts';

export class FakeWatchSources implements WatchSources {
  readonly port = 4711;
  clocks: Clocks = { wall: 1_800_000_000_000, boot: 90_000, monotonic: 90_000 };
  /** nlmsg_type of each request that was sent. */
  readonly requests: number[] = [];
  /** Descriptors that are open. */
  opened = 0;
  /** What the next `open…Watch` or `take` of a route source throws. */
  openFailure: Error | undefined;
  takeFailure: Error | undefined;
  #waiting: Uint8Array[] = [];
  #lost = false;
  #routesReady: () => void = () => undefined;
  #clockReady: () => void = () => undefined;

  openRouteWatch(_groups: readonly number[], ready: () => void): RouteSource {
    this.#open();
    this.#routesReady = ready;
    return {
      port: this.port,
      send: (request) => this.requests.push(new DataView(request.buffer).getUint16(4, true)),
      take: (most) => {
        if (this.takeFailure) throw this.takeFailure;
        const taken = { datagrams: this.#waiting.splice(0, most), lost: this.#lost };
        this.#lost = false;
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

  /** The kernel says this. */
  tell(...datagrams: readonly Uint8Array[]): void {
    this.#waiting.push(...datagrams);
    this.#routesReady();
  }

  lose(): void {
    this.#lost = true;
    this.#routesReady();
  }

  /** Time goes on by `ms`, on the clocks that are named; whether the kernel says so. */
  pass(ms: number, on: readonly (keyof Clocks)[], say = true): void {
    const { clocks } = this;
    const later = (clock: keyof Clocks): number => clocks[clock] + (on.includes(clock) ? ms : 0);
    this.clocks = { wall: later('wall'), boot: later('boot'), monotonic: later('monotonic') };
    if (say) this.#clockReady();
  }

  #open(): void {
    if (this.openFailure) throw this.openFailure;
    this.opened++;
  }
}
