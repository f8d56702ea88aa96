/**
 * The changes a tunnel makes to the system, as one interface a subject. Each `apply` is complete or throws a
 * SystemFailure after undoing its own part (a firewall that is refused stays as it was), and may be called again with other settings; each `undo` may be called
 * twice, and works from a journal entry alone. Order: firewall, link, routes, dns; undone the other
 * way round, after the adapter has lost its addresses.
 */
import type { Prefix, IpAddress, SocketAddress } from '#core/net/address.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';

/** The system refused; the three parts become a `system` failure. */
export class SystemFailure extends Error {
  override readonly name = 'SystemFailure';
  readonly what: string;
  readonly detail: string;
  readonly remedy: string;
  constructor(what: string, detail: string, remedy: string) {
    super(`${what}: ${detail}`);
    this.what = what;
    this.detail = detail;
    this.remedy = remedy;
  }
}

/** There is no route to the peer: no network, or none of its family. Becomes a `network-unreachable` failure. */
export class NetworkUnreachable extends SystemFailure {}

/** Sentences for the log and the screen about what could not be done although the tunnel works. Mostly empty. */
export type Warnings = readonly string[];

export interface LinkSettings {
  readonly tun: string;
  readonly addresses: readonly Prefix[];
  readonly mtu: number;
}

/** Addresses, MTU and state of the adapter. They vanish with it, so there is nothing to undo. */
export interface LinkEffect {
  apply(settings: LinkSettings): Promise<Warnings>;
}

export interface RouteSettings {
  readonly tun: string;
  /** Own routing table, chosen by rule `not fwmark MARK lookup TABLE`. */
  readonly table: number;
  readonly mark: number;
  /** Where the rules begin, lower first: routes/plan.ts puts those of longer prefixes before others, over all tunnels. */
  readonly priority: number;
  /** Destinations that go into the tunnel: the negotiated remote selectors. Where they are all of one family and none of the other, that one is blocked. */
  readonly remoteTs: readonly TrafficSelector[];
  /** Source address to prefer, one a family. */
  readonly addresses: readonly Prefix[];
}

export interface RoutesEffect {
  apply(settings: RouteSettings): Promise<Warnings>;
  undo(entry: {
    readonly tun: string;
    readonly table: number;
    readonly mark: number;
    readonly priority: number;
  }): Promise<Warnings>;
  /**
   * The local address the system would use towards a peer, past our own rules, and the
   * path MTU in octets. Throws NetworkUnreachable.
   */
  sourceFor(
    remote: IpAddress,
    mark: number,
  ): Promise<{ readonly address: IpAddress; readonly mtu: number; readonly dev: string }>;
}

export type DnsBackend = 'resolved' | 'resolvconf' | 'resolv.conf';

export interface DnsSettings {
  readonly tun: string;
  readonly servers: readonly IpAddress[];
  /** Empty and `all`: every query. Otherwise only these domains (and search in them). */
  readonly domains: readonly string[];
  readonly all: boolean;
}

export interface DnsEffect {
  /** What this machine has: systemd-resolved, resolvconf, or a plain /etc/resolv.conf. */
  detect(): Promise<DnsBackend>;
  apply(settings: DnsSettings, backend: DnsBackend): Promise<Warnings>;
  undo(entry: { readonly tun: string; readonly backend: DnsBackend }): Promise<Warnings>;
  /**
   * Puts back what apply() made where somebody else has written over it, who gets it back from undo(); says so. Where it stands, nothing is
   * touched. Throws SystemFailure.
   */
  restore(entry: { readonly tun: string; readonly backend: DnsBackend }): Promise<Warnings>;
}

export interface FirewallSettings {
  readonly tun: string;
  /** Packets to these that did not come through the tunnel are dropped (CVE-2019-14899). */
  readonly addresses: readonly Prefix[];
  /** Forwarded TCP through the adapter gets its MSS clamped to this MTU. */
  readonly mtu: number;
  readonly gateway: SocketAddress;
  /** Put on what the gateway sends, so that strict reverse path filters see its route past our rule. */
  readonly mark: number;
}

export interface FirewallEffect {
  apply(settings: FirewallSettings): Promise<Warnings>;
  undo(entry: { readonly tun: string }): Promise<Warnings>;
}

/** All of them for one platform: linux.ts makes the real ones, fake.ts the recording ones. */
export interface Effects {
  readonly link: LinkEffect;
  readonly routes: RoutesEffect;
  readonly dns: DnsEffect;
  readonly firewall: FirewallEffect;
}
