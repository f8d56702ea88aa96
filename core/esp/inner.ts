/**
 * What the selectors need to know of an inner packet: RFC 791, RFC 8200, RFC 4301 §4.4.1.1. sa.ts and the fake data
 * plane call it; helper/native/src/inner.cc is its twin.
 */
import type { IpAddress } from '#core/net/address.ts';

/** ESP's next header for an inner packet (RFC 4303 §2.6). */
export const NEXT_HEADER = { ipv4: 4, ipv6: 41, none: 59 } as const;

export interface InnerPacket {
  /** 4 or 41: what ESP calls this packet. */
  readonly nextHeader: number;
  readonly protocol: number;
  /** Views on the packet. */
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** Absent in later fragments, in protocols without ports, and where the packet ends too early. ICMP: type and code. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Octets by the packet's own header; what follows is traffic flow padding (RFC 4303 §2.7). */
  readonly length: number;
}

const IPV6_HEADER_BYTES = 40;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
/** Hop-by-hop options, routing, destination options: length in 8 octets without the first 8. */
const OPTIONS: ReadonlySet<number> = new Set([0, 43, 60]);
/** TCP, UDP, DCCP, SCTP, UDP-Lite start with source and destination port. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);
/** ICMP and ICMPv6 start with type and code. */
const WITH_TYPE: ReadonlySet<number> = new Set([1, 58]);
/** More extension headers than this have no honest use, and each costs time before any selector is looked at. */
const MAX_EXTENSION_HEADERS = 8;

/** Undefined when the octets are not one whole IPv4 or IPv6 packet. */
export function parseInner(packet: Uint8Array): InnerPacket | undefined {
  switch ((packet[0] ?? 0) >> 4) {
    case 4:
      return parseIpv4(packet);
    case 6:
      return parseIpv6(packet);
    default:
      return undefined;
  }
}

function parseIpv4(packet: Uint8Array): InnerPacket | undefined {
  if (packet.length < 20) return undefined;
  const headerBytes = ((packet[0] as number) & 15) * 4;
  const length = u16(packet, 2);
  if (headerBytes < 20 || length < headerBytes || length > packet.length) return undefined;
  const protocol = packet[9] as number;
  const firstFragment = (u16(packet, 6) & 0x1fff) === 0;
  return {
    nextHeader: NEXT_HEADER.ipv4,
    protocol,
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    length,
    ...(firstFragment ? ports(protocol, packet.subarray(headerBytes, length)) : {}),
  };
}

function parseIpv6(packet: Uint8Array): InnerPacket | undefined {
  if (packet.length < IPV6_HEADER_BYTES) return undefined;
  const length = IPV6_HEADER_BYTES + u16(packet, 4);
  if (length > packet.length) return undefined;
  const upper = walkExtensions(packet[6] as number, packet.subarray(IPV6_HEADER_BYTES, length));
  return (
    upper && {
      nextHeader: NEXT_HEADER.ipv6,
      source: packet.subarray(8, 24),
      destination: packet.subarray(24, 40),
      length,
      ...upper,
    }
  );
}

type Upper = Pick<InnerPacket, 'protocol' | 'sourcePort' | 'destinationPort'>;

function walkExtensions(first: number, octets: Uint8Array): Upper | undefined {
  let protocol = first;
  let rest = octets;
  for (let headers = 0; ; headers++) {
    const extension = OPTIONS.has(protocol) || protocol === AUTHENTICATION || protocol === FRAGMENT;
    if (!extension) return { protocol, ...ports(protocol, rest) };
    if (rest.length < 8) return undefined;
    const next = rest[0] as number;
    // What follows a later fragment's header is the middle of something.
    if (protocol === FRAGMENT && (u16(rest, 2) & 0xfff8) !== 0) return { protocol: next };
    const headerBytes = extensionBytes(protocol, rest[1] as number);
    if (headers === MAX_EXTENSION_HEADERS || headerBytes > rest.length) return undefined;
    protocol = next;
    rest = rest.subarray(headerBytes);
  }
}

function extensionBytes(protocol: number, lengthField: number): number {
  if (protocol === FRAGMENT) return 8;
  return protocol === AUTHENTICATION ? (lengthField + 2) * 4 : (lengthField + 1) * 8;
}

function ports(protocol: number, upper: Uint8Array): Pick<InnerPacket, 'sourcePort' | 'destinationPort'> {
  if (WITH_PORTS.has(protocol) && upper.length >= 4) {
    return { sourcePort: u16(upper, 0), destinationPort: u16(upper, 2) };
  }
  if (WITH_TYPE.has(protocol) && upper.length >= 2) {
    return { sourcePort: u16(upper, 0), destinationPort: u16(upper, 0) };
  }
  return {};
}

const u16 = (octets: Uint8Array, at: number): number =>
  ((octets[at] as number) << 8) | (octets[at + 1] as number);
