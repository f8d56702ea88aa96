/** Inner packets for the tests of ESP: well-formed IPv4 and IPv6, with ports where they are asked for. */
import { parseIp } from '#core/net/address.ts';

const UDP = 17;

function address(text: string): Uint8Array {
  const octets = parseIp(text);
  if (!octets) throw new Error(`${text} is no address`);
  return octets;
}

interface UdpPacket {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly payload: Uint8Array;
}

function udp({ sourcePort = 1000, destinationPort = 2000, payload }: UdpPacket): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(destinationPort, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** IPv4 with any protocol; `fragmentOffset` in units of 8 octets. Without a header checksum: nobody here looks at it. */
export function ipv4(
  source: string,
  destination: string,
  protocol: number,
  upper: Uint8Array,
  fragmentOffset = 0,
): Uint8Array {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + upper.length, 2);
  header.writeUInt16BE(fragmentOffset, 6);
  header[8] = 64;
  header[9] = protocol;
  header.set(address(source), 12);
  header.set(address(destination), 16);
  return new Uint8Array(Buffer.concat([header, upper]));
}

/** IPv6; `upper` starts with whatever `nextHeader` says, extension headers included. */
export function ipv6(source: string, destination: string, nextHeader: number, upper: Uint8Array): Uint8Array {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(upper.length, 4);
  header[6] = nextHeader;
  header[7] = 64;
  header.set(address(source), 8);
  header.set(address(destination), 24);
  return new Uint8Array(Buffer.concat([header, upper]));
}

export const ipv4Udp = (packet: UdpPacket): Uint8Array =>
  ipv4(packet.source, packet.destination, UDP, udp(packet));
export const ipv6Udp = (packet: UdpPacket): Uint8Array =>
  ipv6(packet.source, packet.destination, UDP, udp(packet));
