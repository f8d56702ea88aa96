/**
 * The IP protocols that people name in traffic selectors (IANA "Protocol Numbers"), spelled as in getprotobyname.
 * Number 0 is HOPOPT in IP, but "any" in a traffic selector (RFC 7296 §3.13.1), so it has no row.
 */
import { registry } from './registry.ts';

/** `ports`: what the two octets of a port are in a selector (RFC 4301 §4.4.1.1). */
export const ipProtocols = registry('IP Protocol', [
  { id: 1, name: 'icmp', ports: 'type-code' },
  { id: 2, name: 'igmp', ports: 'none' },
  { id: 4, name: 'ipencap', ports: 'none' },
  { id: 6, name: 'tcp', ports: 'number' },
  { id: 17, name: 'udp', ports: 'number' },
  { id: 41, name: 'ipv6', ports: 'none' },
  { id: 47, name: 'gre', ports: 'none' },
  { id: 50, name: 'esp', ports: 'none' },
  { id: 51, name: 'ah', ports: 'none' },
  { id: 58, name: 'ipv6-icmp', ports: 'type-code' },
  { id: 88, name: 'eigrp', ports: 'none' },
  { id: 89, name: 'ospf', ports: 'none' },
  { id: 112, name: 'vrrp', ports: 'none' },
  { id: 115, name: 'l2tp', ports: 'none' },
  { id: 132, name: 'sctp', ports: 'number' },
  { id: 136, name: 'udplite', ports: 'number' },
]);
