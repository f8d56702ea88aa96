/**
 * The nftables rules of lockdown, as text for `nft -f`: pure. Called by linux.ts beside it.
 *
 * What leaves this machine, its own or forwarded (containers), goes through a tunnel's adapter, or is one of the exceptions:
 * - the tunnels' own packets: mark and gateway's address, and for UDP its port. Only a process that may change the network
 *   can set a mark (SO_MARK), so no other program passes by sending to the gateway;
 * - what a network is joined with: DHCP, and in IPv6 neighbour discovery and the reports of multicast listeners;
 * - the local network's private addresses, where that is wished for. Not its name servers: they ask others.
 * The machine's own packets are refused and not only dropped, so that programs hear at once that there is no way. What arrives
 * is left alone: without an answer it says nothing.
 *
 * All of it is judged once more when the last word on the way out is spoken: other tables may mark or translate a packet after it was
 * routed into a tunnel, and it leaves by another adapter then.
 */
import { parseIp, formatIp, type SocketAddress } from '#core/net/address.ts';
import { SystemFailure } from '../effects.ts';
import { adapterOfTable, tableName } from '../firewall/ruleset.ts';
import { familyOf } from '../ip.ts';
import type { LockdownSettings } from './lockdown-effect.ts';

export const LOCKDOWN_TABLE = 'adit_lockdown';
const TABLE = `inet ${LOCKDOWN_TABLE}`;

export const WITHOUT_LOCKDOWN = `table ${TABLE}\ndelete table ${TABLE}\n`;

/** RFC 1918. */
const PRIVATE4 = '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16';
/** And link-local (RFC 3927), and the groups and broadcasts that do not leave the link. */
const LAN4 = `${PRIVATE4}, 169.254.0.0/16, 224.0.0.0/24, 239.255.255.250, 239.255.255.251, 255.255.255.255`;
/** Unique local (RFC 4193). */
const PRIVATE6 = 'fc00::/7';
/** And link-local, and groups of link and site. */
const LAN6 = `fe80::/10, ${PRIVATE6}, ff02::/16, ff05::/16`;

/** After source NAT (100), which is the last to change where a packet comes from. */
const LAST = 300;

/** Replaces the table as a whole. */
export function lockdownTable({ lan, mark, gateways, adapters }: LockdownSettings): string {
  const tunnels = adapters.map(quoted).join(', ');
  return `${WITHOUT_LOCKDOWN}table ${TABLE} {
  chain own {
${gatewayRules(mark, gateways)}    oifname { ${['"lo"', ...adapters.map(quoted)].join(', ')} } accept
    meta nfproto ipv4 udp sport 68 udp dport 67 accept
    ip6 saddr fe80::/10 udp sport 546 udp dport 547 accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld-listener-done, mld2-listener-report } accept
${lan ? LAN : ''}  }
  chain output {
    type filter hook output priority filter; policy drop;
    jump own
    reject with icmpx admin-prohibited
  }
  chain through {
${tunnels === '' ? '' : through(tunnels)}  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    jump through
    reject with icmpx admin-prohibited
  }
  chain last {
    type filter hook postrouting priority ${LAST}; policy drop;
    jump own
    jump through
  }
}
`;
}

const LAN = `    meta l4proto { tcp, udp } th dport { 53, 853 } drop
    ip daddr { ${LAN4} } accept
    ip6 daddr { ${LAN6} } accept
`;

/** For containers: into a tunnel, and out of one to private addresses. */
const through = (tunnels: string): string => `    oifname { ${tunnels} } accept
    iifname { ${tunnels} } ip daddr { ${PRIVATE4} } accept
    iifname { ${tunnels} } ip6 daddr ${PRIVATE6} accept
`;

/** First: each packet of a tunnel passes here. */
function gatewayRules(mark: number, gateways: readonly SocketAddress[]): string {
  return ([4, 6] as const)
    .flatMap((family) => {
      const ends = gateways.map(parsed).filter((end) => end.family === family);
      if (ends.length === 0) return [];
      const ip = family === 4 ? 'ip' : 'ip6';
      const ports = ends.map(({ address, port }) => `${address} . ${port}`);
      const addresses = [...new Set(ends.map(({ address }) => address))];
      return [
        `    meta mark ${mark} ${ip} daddr . udp dport { ${ports.join(', ')} } accept\n`,
        `    meta mark ${mark} meta l4proto esp ${ip} daddr { ${addresses.join(', ')} } accept\n`,
      ];
    })
    .join('');
}

function parsed({ address, port }: SocketAddress) {
  const ip = parseIp(address);
  if (ip === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw notOurs(`${address}:${port} is no address with a port`);
  }
  return { address: formatIp(ip), port, family: familyOf(ip) };
}

function quoted(adapter: string): string {
  if (adapterOfTable(tableName(adapter)) !== adapter) throw notOurs(`${adapter} is no adapter of a tunnel`);
  return `"${adapter}"`;
}

const notOurs = (detail: string): SystemFailure =>
  new SystemFailure('Lockdown cannot be set', detail, 'Report this as a fault of Adit');
