/**
 * Two things the kernel tells through descriptors that Node cannot read: netlink messages, and that the clock was
 * set. The addon polls them on the event loop, without a thread. Called by helper/effects/network-watch.
 */
import { ADDON_PATH, loadAddon } from './addon.ts';

/** Milliseconds. `monotonic` stands still while the machine sleeps, `boot` goes on, `wall` is the one that is set. */
export interface Clocks {
  readonly wall: number;
  readonly boot: number;
  readonly monotonic: number;
}

/** Numbers of linux/netlink.h. */
export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

/** An open netlink socket of the network namespace it was opened in. */
export interface NetlinkSource {
  /** nlmsg_pid of the kernel's answers to `send`. */
  readonly port: number;
  /** One netlink request. Throws SystemError. */
  send(request: Uint8Array): void;
  /** Up to `most` datagrams; where more wait, `ready` is called again. `lost`: the kernel dropped some before these. */
  take(most: number): { readonly datagrams: readonly Uint8Array[]; readonly lost: boolean };
  /** May be called twice. Everything else throws then. */
  close(): void;
}

export interface ClockSource {
  /** What the clocks show now. After `ready` it must be called: only then `ready` can come again. */
  take(): Clocks;
  close(): void;
}

/** Where the watch gets its news; tests put their own there. Both throw SystemError where the system has it not. */
export interface WatchSources {
  /** `groups` are those of the family; `ready` is called when there is something to take, once for each `take`. */
  openNetlink(family: number, groups: readonly number[], ready: () => void): NetlinkSource;
  /** `ready` is called when CLOCK_REALTIME was set, by whatever amount, or the machine woke. */
  openClockWatch(ready: () => void): ClockSource;
}

/** Throws Error with the remedy where the addon does not load. */
export function linuxWatchSources(path: string = ADDON_PATH): WatchSources {
  return loadAddon<WatchSources>(path);
}
