/**
 * What is remembered of links and addresses, so that a message tells whether something has changed: the kernel repeats
 * itself (a lease renewed, a router advertisement, a Wi-Fi scan), and speaks of our own adapters and tables, too.
 */
import { formatIp } from '#core/net/address.ts';
import type { Taken } from './network-watch.ts';
import type { RouteMessage } from './rtnetlink.ts';

/** Which adapters and tables are the helper's own. */
export interface Ours {
  adapter(name: string): boolean;
  table(table: number): boolean;
}

interface Link {
  readonly ours: boolean;
  readonly name: string;
  /** IFF_UP. */
  readonly up: boolean;
  /** MTU of a link that carries packets; 0 of one that does not. */
  readonly mtu: number;
}

export class NetworkState {
  readonly #ours: Ours;
  readonly #links = new Map<number, Link>();
  /** Usable addresses by adapter and key; true where new connections should take another one. */
  readonly #addresses = new Map<string, boolean>();

  constructor(ours: Ours) {
    this.#ours = ours;
  }

  /** Forgets everything: the next messages list what there is. */
  clear(): void {
    this.#links.clear();
    this.#addresses.clear();
  }

  /** Takes a message in. Whether it tells of a change that may matter to a path through the network. */
  changes(message: RouteMessage): boolean {
    switch (message.what) {
      case 'link':
        return this.#link(message);
      case 'address':
        return this.#address(message);
      case 'route':
        return this.#route(message);
      default:
        return !this.#ours.table(message.table);
    }
  }

  /** What a message tells to be gone of ours. To be asked before changes(), which takes the message in. */
  takes(message: RouteMessage): Taken | undefined {
    switch (message.what) {
      case 'link': {
        const before = this.#links.get(message.index);
        const off = message.gone || (message.flags & UP) === 0;
        return off && before?.ours === true && before.up ? { part: 'link', tun: before.name } : undefined;
      }
      case 'address': {
        const { gone, index, address } = message;
        const link = this.#links.get(index);
        const whole = address.length === 4 || address.length === 16;
        return gone && whole && link?.ours === true
          ? { part: 'address', tun: link.name, address: formatIp(address) }
          : undefined;
      }
      default: {
        const { gone, table } = message;
        return gone && this.#ours.table(table) ? { part: 'routes', table } : undefined;
      }
    }
  }

  #link({ index, name, flags, mtu, gone }: RouteMessage & { what: 'link' }): boolean {
    const before = this.#links.get(index);
    const ours = this.#ours.adapter(name);
    if (gone) this.#links.delete(index);
    else {
      const carries = (flags & (CARRIES | DORMANT)) === CARRIES;
      this.#links.set(index, { ours, name, up: (flags & UP) !== 0, mtu: carries ? mtu : 0 });
    }
    return !ours && before?.ours !== true && (before?.mtu ?? 0) !== (this.#links.get(index)?.mtu ?? 0);
  }

  #address({ index, key, flags, scope, gone }: RouteMessage & { what: 'address' }): boolean {
    if (scope >= SCOPE_LINK || this.#isOurs(index)) return false;
    const whole = `${index} ${key}`;
    const before = this.#addresses.get(whole);
    const unusable = (flags & DADFAILED) !== 0 || (flags & (TENTATIVE | OPTIMISTIC)) === TENTATIVE;
    if (gone || unusable) this.#addresses.delete(whole);
    else this.#addresses.set(whole, (flags & DEPRECATED) !== 0);
    return before !== this.#addresses.get(whole);
  }

  /** Routes are not remembered: there may be a million, and the kernel does not repeat them. */
  #route({ type, flags, table, linkLocal, through }: RouteMessage & { what: 'route' }): boolean {
    if (FOLLOWING.has(type) || (flags & CLONED) !== 0 || linkLocal) return false;
    if (this.#ours.table(table)) return false;
    return through.length === 0 || !through.every((index) => this.#isOurs(index));
  }

  #isOurs(index: number): boolean {
    return this.#links.get(index)?.ours ?? false;
  }
}

/** IFF_UP. */
const UP = 0x1;

/**
 * IFF_UP and IFF_LOWER_UP without IFF_DORMANT: switched on, the other end is there, and it lets us in. IFF_RUNNING would
 * say it in one, but the kernel sets that up to a second after the packets flow.
 */
const CARRIES = UP | 0x1_0000;
const DORMANT = 0x2_0000;

/** RT_SCOPE_LINK: what reaches no further is no path to a gateway. */
const SCOPE_LINK = 253;

/** IFA_F_ flags. Duplicate address detection goes on, or is not waited for, or has found another owner. */
const OPTIMISTIC = 0x04;
const DADFAILED = 0x08;
const DEPRECATED = 0x20;
const TENTATIVE = 0x40;

/** RTM_F_CLONED: an entry of the routing cache. */
const CLONED = 0x200;

/** RTN_LOCAL, RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST: the kernel's own routes, which follow the addresses. */
const FOLLOWING: ReadonlySet<number> = new Set([2, 3, 4, 5]);
