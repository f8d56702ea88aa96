/**
 * A network in memory and in virtual time: hosts by address, a link that delays, loses, doubles, reorders and corrupts
 * by a seed, and a NAT that rewrites addresses. Nothing here knows IKE but by its datagrams.
 */
import type { Datagram } from '#core/ikev2/connection-types.ts';
import type { Path, SocketAddress } from '#core/net/address.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface LinkOptions {
  readonly delayMs: number;
  /** Added at random, evenly; more than delayMs reorders. */
  readonly jitterMs: number;
  /** Shares of datagrams, 0 to 1. */
  readonly loss: number;
  readonly duplicate: number;
  readonly corrupt: number;
}

export const QUIET: LinkOptions = { delayMs: 10, jitterMs: 0, loss: 0, duplicate: 0, corrupt: 0 };

/** In front of one inner address; each inner port gets an outer one. */
export interface NatOptions {
  readonly inside: string;
  readonly outside: string;
  /** A forwarded host: its ports are the same outside. */
  readonly keepPorts?: true;
}

export interface Flying {
  readonly at: number;
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
  readonly bytes: Uint8Array;
}

/** What a test may do with a datagram before the link does: change it, double it, drop it (an empty list). */
type Tamper = (flying: Flying) => readonly Flying[];

export class VirtualLink {
  options: LinkOptions;
  tamper: Tamper = (flying) => [flying];
  readonly #random: SeededRandom;
  /** May come and go. */
  nat: NatOptions | undefined;
  #natBase: number;
  #flying: Flying[] = [];

  constructor(random: SeededRandom, options: Partial<LinkOptions> = {}, nat?: NatOptions) {
    this.#random = random;
    this.options = { ...QUIET, ...options };
    this.nat = nat;
    this.#natBase = nat?.keepPorts === true ? 0 : 20_000;
  }

  /** The NAT forgets its mappings: from now on the same flow comes from other ports. */
  rebindNat(): void {
    this.#natBase += 1_000;
  }

  send(now: number, { path, bytes }: Datagram): void {
    const outward = this.#outward(path.local);
    const sent: Flying = { at: now, source: outward, destination: path.remote, bytes: bytes.slice() };
    for (const flying of this.tamper(sent)) this.#launch(now, flying);
  }

  #launch(now: number, flying: Flying): void {
    const { delayMs, jitterMs, loss, duplicate, corrupt } = this.options;
    const copies = this.#random.unit() < duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.#random.unit() < loss) continue;
      const bytes = flying.bytes.slice();
      if (this.#random.unit() < corrupt) {
        const at = this.#random.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
      }
      const late = Math.max(0, flying.at - now);
      this.#flying.push({ ...flying, bytes, at: now + late + delayMs + this.#random.unit() * jitterMs });
    }
  }

  /** When the next datagram arrives. */
  nextArrival(): number | undefined {
    return this.#flying.length === 0 ? undefined : Math.min(...this.#flying.map(({ at }) => at));
  }

  /** Takes what has arrived by `now`, in the order of arrival; a datagram to a mapping that is gone is lost. */
  arrivals(now: number): { readonly to: string; readonly bytes: Uint8Array; readonly path: Path }[] {
    const due = this.#flying.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    this.#flying = this.#flying.filter(({ at }) => at > now);
    return due.flatMap(({ source, destination, bytes }) => {
      const inner = this.#inward(destination);
      return inner === undefined
        ? []
        : [{ to: inner.address, bytes, path: { local: inner, remote: source } }];
    });
  }

  #outward(source: SocketAddress): SocketAddress {
    if (this.nat?.inside !== source.address) return source;
    return { address: this.nat.outside, port: (this.#natBase + source.port) % 65_536 };
  }

  #inward(destination: SocketAddress): SocketAddress | undefined {
    if (this.nat?.outside !== destination.address) return destination;
    const port = destination.port - this.#natBase;
    return port > 0 && port < 5_000 ? { address: this.nat.inside, port } : undefined;
  }
}
