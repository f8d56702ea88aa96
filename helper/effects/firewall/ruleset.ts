/**
 * The nftables rules of a tunnel, as text for `nft -f -`: pure. Called by linux.ts beside it.
 *
 * - guard: packets to a virtual address must have come through the tunnel, or be the system's own (CVE-2019-14899:
 *   a neighbour on the LAN otherwise probes and injects into connections inside the tunnel). The same for ARP: the
 *   neighbour is not told that we have the address.
 * - mark: what concerns the outer packets gets our mark before its reverse path is looked up, so that a strict filter
 *   (`rp_filter=1` with `src_valid_mark=1`, firewalld's IPv6_rpfilter) compares with the route the answer takes:
 *   the gateway's packets, errors from routers on the way, DHCP, and neighbours that ask for our hardware address
 *   (without it a router forgets us and the tunnel starves).
 *   Every ESP packet passes here, one by one from most gateways, and each comparison costs. So a table for each family, which
 *   need not ask for it; one comparison of the guard; and the rule for those packets, which looks up no route (`fib`). What a
 *   stranger sends as if from the gateway, to be forwarded, is marked, too, and goes where it would without a tunnel.
 *   In a rule what tells most packets apart stands first, a lookup last, and whoever is marked is done.
 * - mss: TCP that is forwarded through the adapter (containers, a shared connection) does not see its MTU.
 */
import { formatIp, type IpAddress, parseIp } from '#core/net/address.ts';
import { SystemFailure, type FirewallSettings } from '../effects.ts';
import { familyOf, type Family } from '../ip.ts';

export const tableName = (tun: string): string => `adit_${tun}`;

/** The adapter whose table has this name; undefined of somebody else's table. */
export const adapterOfTable = (name: string): string | undefined => /^adit_(adit\d{1,4})$/.exec(name)?.[1];

/**
 * The tables of a tunnel, each replaced as a whole: IPv4's, and IPv6's where the tunnel or its gateway has an address of
 * it, since a kernel without IPv6 refuses that table. `stale`: there is one of IPv6 from before.
 */
export function ipTables(settings: FirewallSettings, stale: boolean): string {
  const { address } = settings.gateway;
  const peer = parseIp(address);
  if (peer === undefined) {
    throw new SystemFailure(
      'The firewall cannot be set',
      `${address} is no IP address`,
      'Report this as a fault of Adit',
    );
  }
  const tables = [ipTable(settings, peer, 4)];
  if (needsIpv6(settings)) tables.push(ipTable(settings, peer, 6));
  else if (stale) tables.push(lines(...without(`ip6 ${tableName(settings.tun)}`)));
  return tables.join('');
}

/** Whether the tunnel or its gateway has an address of IPv6. */
export function needsIpv6({ gateway, addresses }: FirewallSettings): boolean {
  return [parseIp(gateway.address), ...addresses.map((prefix) => prefix.address)].some(
    (address) => address !== undefined && familyOf(address) === 6,
  );
}

function ipTable(settings: FirewallSettings, peer: IpAddress, family: Family): string {
  const { tun, addresses, mtu, gateway } = settings;
  const { ip, icmp, headers } = NFT[family];
  const name = `${ip} ${tableName(tun)}`;
  const own = addressSet(addresses, family);
  const mark = `meta mark set ${settings.mark} accept`;
  const from = `${ip} saddr ${formatIp(peer)}`;
  const ports = [...new Set([500, 4500, gateway.port])].join(', ');
  // Not what comes out of another tunnel: its way back is that tunnel's.
  const outside = 'iifname != "lo" iifname != "adit*"';
  return lines(
    ...without(name),
    `table ${name} {`,
    '  chain prerouting {',
    '    type filter hook prerouting priority raw; policy accept;',
    ...(own === undefined ? [] : [`    ${ip} daddr ${own} iifname != { "lo", "${tun}" } drop`]),
    ...(familyOf(peer) === family
      ? [
          // The port of its ESP by itself: a set takes a fifth longer.
          `    ${from} udp sport ${gateway.port} ${mark}`,
          `    ${from} udp sport { ${ports} } ${mark}`,
          `    ${from} meta l4proto esp ${mark}`,
          `    ${icmp} ${outside} fib daddr type local ${mark}`,
        ]
      : []),
    ...(family === 4 ? [`    udp sport 67 udp dport 68 ${outside} ${mark}`] : []),
    '  }',
    '  chain forward {',
    '    type filter hook forward priority mangle; policy accept;',
    ...['iifname', 'oifname'].map(
      (way) => `    ${way} "${tun}" ${SYN} tcp option maxseg size set ${mtu - headers}`,
    ),
    '  }',
    '}',
  );
}

export function arpTable({ tun, addresses, mark }: FirewallSettings): string {
  const set = addressSet(addresses, 4);
  const name = tableName(tun);
  return lines(
    ...without(`arp ${name}`),
    `table arp ${name} {`,
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    ...(set === undefined ? [] : [`    arp daddr ip ${set} drop`]),
    `    meta mark set ${mark}`,
    '  }',
    '}',
  );
}

/**
 * `icmp`: the errors that concern what we sent. `headers`: IP and TCP without options, what an MSS leaves out (RFC 9293
 * §3.7.1). It is never raised.
 */
const NFT = {
  4: { ip: 'ip', icmp: 'icmp type { destination-unreachable, time-exceeded }', headers: 40 },
  6: {
    ip: 'ip6',
    icmp: 'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded }',
    headers: 60,
  },
} as const;

const SYN = 'tcp flags & (syn | rst) == syn';

/** One address by itself is compared quicker than a set of one. */
function addressSet(addresses: FirewallSettings['addresses'], family: Family): string | undefined {
  const texts = new Set(
    addresses.filter(({ address }) => familyOf(address) === family).map(({ address }) => formatIp(address)),
  );
  if (texts.size < 2) return [...texts][0];
  return `{ ${[...texts].join(', ')} }`;
}

/** Deletes a table, which need not be there. */
const without = (table: string): readonly string[] => [`table ${table}`, `delete table ${table}`];

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;
