/** Settings of a tunnel as the manager would hand them to the effects; tests change what they are about. */
import { parseIp, parsePrefix, prefixToRange, type IpAddress, type Prefix } from '#core/net/address.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { DnsSettings, FirewallSettings, LinkSettings, RouteSettings } from '#helper/effects/effects.ts';
import type { JournalEntry } from '#helper/effects/journal.ts';

export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`${text} is no prefix`);
  return parsed;
}

/** A prefix or `first-last`, all protocols and ports. */
export function selector(text: string): TrafficSelector {
  const [first = '', last] = text.split('-');
  const range = last === undefined ? prefixToRange(prefix(first)) : { start: ip(first), end: ip(last) };
  return { protocol: 0, startPort: 0, endPort: 65535, ...range };
}

export const addresses = [prefix('10.9.0.2/32'), prefix('2001:db8:9::2/128')];

export const link: LinkSettings = { tun: 'adit0', addresses, mtu: 1400 };

export const routes: RouteSettings = {
  tun: 'adit0',
  table: 44311,
  mark: 0xad17,
  priority: 5200,
  remoteTs: [selector('0.0.0.0/0'), selector('::/0')],
  addresses,
};

export const dns: DnsSettings = {
  tun: 'adit0',
  servers: [ip('10.9.0.53'), ip('2001:db8:9::53')],
  domains: ['corp.example'],
  all: true,
};

export const firewall: FirewallSettings = {
  tun: 'adit0',
  addresses,
  mtu: 1400,
  gateway: { address: '203.0.113.9', port: 4500 },
  mark: 0xad17,
};

export const routesEntry: JournalEntry = {
  effect: 'routes',
  tun: 'adit0',
  table: routes.table,
  mark: routes.mark,
  priority: routes.priority,
};
export const firewallEntry: JournalEntry = { effect: 'firewall', tun: 'adit0', table: 'adit_adit0' };
