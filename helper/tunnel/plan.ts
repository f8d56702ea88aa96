/**
 * From what was negotiated and what the profile says to the settings of every effect. Pure; changes.ts carries
 * them out.
 */
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { AssignedConfig } from '#core/ikev2/connection-types.ts';
import { formatTrafficSelector, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import { parseIp } from '#core/net/address.ts';
import type { IpAddress, Path, Prefix } from '#core/net/address.ts';
import type { Profile } from '#core/profile/profile.ts';
import type { DnsSettings, FirewallSettings, LinkSettings, RouteSettings } from '../effects/effects.ts';
import { tunnelMtu } from '../effects/mtu.ts';
import { routePriority } from '../effects/routes/plan.ts';
import { familyOf } from './carrier.ts';
import { MARK, tableOf } from './numbers.ts';

export interface PlanInput {
  readonly tun: string;
  readonly slot: number;
  readonly profile: Profile;
  readonly config: AssignedConfig;
  /** All that carry packets now: with one Child SA for each network there are several, and two of each while it is rekeyed. */
  readonly children: readonly [ChildSa, ...ChildSa[]];
  readonly path: Path;
  readonly outerMtu: number;
}

export interface Plan {
  readonly link: LinkSettings;
  readonly firewall: FirewallSettings;
  readonly routes: RouteSettings;
  /** Absent where there is no server to ask. */
  readonly dns?: DnsSettings;
}

export function planOf({ tun, slot, profile, config, children, path, outerMtu }: PlanInput): Plan {
  const [child] = children;
  const remoteTs = distinct(children.flatMap((each) => each.remoteTs));
  const addresses = config.addresses.map(({ address }) => hostPrefix(address));
  const innerIpv6 = remoteTs.some(({ start }) => start.length === 16);
  const computed = tunnelMtu({
    pathMtu: outerMtu,
    outerFamily: familyOf(path.remote.address),
    suite: child.suite,
    encapsulation: child.encapsulation,
    innerIpv6,
  });
  const mtu = profile.mtu ?? computed;
  const dns = dnsOf(tun, profile, config, remoteTs);
  return {
    link: { tun, addresses, mtu },
    firewall: { tun, addresses, mtu, gateway: path.remote, mark: MARK },
    routes: {
      tun,
      table: tableOf(slot),
      mark: MARK,
      priority: routePriority(slot),
      remoteTs,
      addresses,
    },
    ...(dns ? { dns } : {}),
  };
}

const distinct = (selectors: readonly TrafficSelector[]): TrafficSelector[] => [
  ...new Map(selectors.map((selector) => [formatTrafficSelector(selector), selector])).values(),
];

/** The adapter has the address alone: what else lies in the tunnel is said by the selectors, not by a prefix. */
function hostPrefix(address: IpAddress): Prefix {
  return { address, length: address.length * 8 };
}

/**
 * The profile's servers and domains stand in place of the gateway's. A tunnel for everything, or one without a
 * word about domains, takes every query: a server that is asked for nothing would be there in vain.
 */
function dnsOf(
  tun: string,
  profile: Profile,
  config: AssignedConfig,
  remoteTs: readonly TrafficSelector[],
): DnsSettings | undefined {
  const own = profile.dns.servers.flatMap((text) => parseIp(text) ?? []);
  const servers = own.length > 0 ? own : config.dns;
  if (servers.length === 0) return undefined;
  const chosen = profile.dns.domains;
  const domains = chosen.length > 0 ? chosen : config.domains;
  return {
    tun,
    servers,
    domains,
    all: domains.length === 0 || (chosen.length === 0 && isEverything(remoteTs)),
  };
}

/** All of one family: 0.0.0.0/0 or ::/0, any protocol and port. */
function isEverything(selectors: readonly TrafficSelector[]): boolean {
  return selectors.some(
    ({ start, end, protocol, startPort, endPort }) =>
      protocol === 0 &&
      startPort === 0 &&
      endPort === 0xffff &&
      start.every((octet) => octet === 0) &&
      end.every((octet) => octet === 0xff),
  );
}
