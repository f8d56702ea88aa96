/**
 * The way out of one tunnel past lockdown: where it is to go. lockdown.ts makes one for each tunnel that begins, and puts what all of
 * them want into the rules.
 */
import { parseIp, type SocketAddress } from '#core/net/address.ts';
import type { Passage } from '../tunnel/passage.ts';

/** Ends of a tunnel's gateways that stay open: a gateway that sends us about must not fill the rules. */
const MOST_ENDS = 64;
/** Of IKE, and of IKE and ESP behind a NAT (RFC 7296 §2.23): whoever goes to one of them may have to go on to the other. */
const PORTS = [500, 4500] as const;

export const endOf = ({ address, port }: SocketAddress): string => `${address} ${port}`;

/** What it needs of the whole. */
interface Gate {
  /** Lockdown is on, or about to be. */
  readonly isNeeded: () => boolean;
  readonly isOpen: (end: string) => boolean;
  /** The ends or adapters of tunnels are others. */
  readonly changed: () => void;
  /** Sets the rules once more. */
  readonly renew: () => Promise<void>;
  readonly closed: () => void;
}

export class TunnelPassage implements Passage {
  readonly tun: string;
  readonly ends = new Map<string, SocketAddress>();
  readonly #gate: Gate;
  #doubted = false;

  constructor(tun: string, gate: Gate) {
    this.tun = tun;
    this.#gate = gate;
  }

  lead({ address, port }: SocketAddress): void {
    if (parseIp(address) === undefined) return;
    const before = this.ends.size;
    let isNew = false;
    for (const each of new Set([port, ...PORTS])) {
      if (each < 1 || each > 65_535) continue;
      const end = { address, port: each };
      // The one that was used last stands last.
      isNew = !this.ends.delete(endOf(end)) || isNew;
      this.ends.set(endOf(end), end);
    }
    for (const [end] of [...this.ends].slice(0, -MOST_ENDS)) this.ends.delete(end);
    if (isNew || this.ends.size !== before) this.#gate.changed();
  }

  way(remote: SocketAddress): ReturnType<Passage['way']> {
    if (!this.#gate.isNeeded()) return 'open';
    const end = endOf(remote);
    if (this.#gate.isOpen(end) && !this.#doubted) return 'open';
    if (!this.ends.has(end)) return 'closed';
    this.#doubted = false;
    return this.#gate.renew();
  }

  doubt(): void {
    this.#doubted = true;
  }

  close(): void {
    this.ends.clear();
    this.#gate.closed();
    this.#gate.changed();
  }
}
