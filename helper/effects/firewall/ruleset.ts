/**
 * The nftables rules of a tunnel, as text for `nft -f -`: pure. Called by linux.ts beside it.
 *
 * - guard: packets to a virtual address must have come through the tunnel, or be the system's own (CVE-2019-14899:
 *   a neighbour on the LAN otherwise probes and injects into connections inside the tunnel). The same for ARP: the
 *   neighbour is not told that we have the address.
 * - mark: what concerns the outer packets gets our mark before its reverse path is looked up, so that a strict filter
 *   (`rp_filter=1` with `src_valid_mark=1`, firewalld's IPv6_rpfilter) compares with the route the answer takes:
 *   the gateway's packets, errors from routers on the way, DHCP, and neighbours that ask for our hardware address
 *   (without it a router forgets us and the tunnel starves). Nothing that is forwarded can ride on the mark.
 *   Every ESP packet passes here, one by one from most gateways, and each comparison costs: 23 of them and four lookups of
 *   a route were a quarter of the throughput. So the first rule is for those packets alone: 13, one lookup. It asks whether
 *   the address is that interface's, which a virtual address never is: the guards behind it are not passed by. In a rule
 *   what tells most packets apart stands first, the lookup (`fib`) last, and whoever is marked is done.
 * - mss: TCP that is forwarded through the adapter (containers, a shared connection) does not see its MTU.
 */
import { formatIp, parseIp } from '#core/net/address.ts';
import { SystemFailure, type FirewallSettings } from '../effects.ts';
import { familyOf, type Family } from '../ip.ts';

export const tableName = (tun: string): string => `adit_${tun}`;

/** The table of a tunnel, replaced as a whole in one transaction. */
export function inetTable({ tun, addresses, mtu, gateway, mark }: FirewallSettings): string {
  const name = tableName(tun);
  const peer = parseIp(gateway.address);
  if (peer === undefined) {
    throw new SystemFailure(
      'The firewall cannot be set',
      `${gateway.address} is no IP address`,
      'Report this as a fault of Adit',
    );
  }
  const guards = FAMILIES.flatMap((family) => {
    const set = addressSet(addresses, family);
    return set === undefined ? [] : [`${NFT[family].ip} daddr ${set} iifname != { "lo", "${tun}" } drop`];
  });
  // Not what comes out of another tunnel: its way back is that tunnel's.
  const outside = 'iifname != "lo" iifname != "adit*"';
  const marked = `${outside} fib daddr type local meta mark set ${mark} accept`;
  const from = `${NFT[familyOf(peer)].ip} saddr ${formatIp(peer)}`;
  const ports = [...new Set([500, 4500, gateway.port])].join(', ');
  return lines(
    `table inet ${name}`,
    `delete table inet ${name}`,
    `table inet ${name} {`,
    '  chain prerouting {',
    '    type filter hook prerouting priority raw; policy accept;',
    `    ${from} udp sport { ${ports} } fib daddr . iif type local meta mark set ${mark} accept`,
    ...guards.map((rule) => `    ${rule}`),
    `    ${from} udp sport { ${ports} } ${marked}`,
    `    ${from} meta l4proto esp ${marked}`,
    `    icmp type { destination-unreachable, time-exceeded } ${marked}`,
    `    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded } ${marked}`,
    `    udp sport 67 udp dport 68 ${outside} meta mark set ${mark}`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority mangle; policy accept;',
    ...['iifname', 'oifname'].flatMap((way) =>
      FAMILIES.map((family) => {
        const { proto, headers } = NFT[family];
        return `    ${way} "${tun}" meta nfproto ${proto} ${SYN} tcp option maxseg size set ${mtu - headers}`;
      }),
    ),
    '  }',
    '}',
  );
}

export function arpTable({ tun, addresses, mark }: FirewallSettings): string {
  const set = addressSet(addresses, 4);
  const name = tableName(tun);
  return lines(
    `table arp ${name}`,
    `delete table arp ${name}`,
    `table arp ${name} {`,
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    ...(set === undefined ? [] : [`    arp daddr ip ${set} drop`]),
    `    meta mark set ${mark}`,
    '  }',
    '}',
  );
}

const FAMILIES: readonly Family[] = [4, 6];

/** `headers`: IP and TCP without options, what an MSS leaves out (RFC 9293 §3.7.1). It is never raised. */
const NFT = {
  4: { ip: 'ip', proto: 'ipv4', headers: 40 },
  6: { ip: 'ip6', proto: 'ipv6', headers: 60 },
} as const;

const SYN = 'tcp flags & (syn | rst) == syn';

function addressSet(addresses: FirewallSettings['addresses'], family: Family): string | undefined {
  const texts = new Set(
    addresses.filter(({ address }) => familyOf(address) === family).map(({ address }) => formatIp(address)),
  );
  return texts.size === 0 ? undefined : `{ ${[...texts].join(', ')} }`;
}

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;
