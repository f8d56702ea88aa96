/**
 * Super-packets as a TUN with IFF_VNET_HDR gives and takes them, made and cut in TypeScript: the oracle of the native
 * segmentation and coalescing. Written against RFC 9293, RFC 768, RFC 791 and virtio 1.3 §5.1.6, not against src/.
 */
import type { RandomSource } from './random-source.ts';

const VNET_BYTES = 10;
const NEEDS_CHECKSUM = 1;
const GSO = { none: 0, tcp4: 1, tcp6: 4, udp: 5 } as const;
export const TCP = { fin: 0x01, psh: 0x08, ack: 0x10, ece: 0x40, cwr: 0x80 } as const;
const PROTOCOL = { tcp: 6, udp: 17 } as const;

/** Where things are in a packet whose transport header can be seen. */
interface Layout {
  readonly v6: boolean;
  readonly protocol: number;
  readonly upperAt: number;
  readonly payloadAt: number;
}

export interface Flow {
  readonly v6: boolean;
  readonly tcp: boolean;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly ports: Uint8Array;
  readonly trafficClass: number;
  readonly ttl: number;
  readonly dontFragment: boolean;
  /** Such as timestamps; a multiple of four octets. */
  readonly tcpOptions: Uint8Array;
  /** Destination options in front of the transport header. */
  readonly extension: Uint8Array;
}

export function randomFlow(random: RandomSource): Flow {
  const v6 = random.chance(0.5);
  const tcp = random.chance(0.7);
  const address = v6 ? 16 : 4;
  const withOptions = random.chance(0.6) ? 12 : 4 * random.below(11);
  return {
    v6,
    tcp,
    source: random.bytes(address),
    destination: random.bytes(address),
    ports: random.bytes(4),
    trafficClass: random.chance(0.7) ? 0 : random.below(256),
    ttl: 1 + random.below(255),
    dontFragment: random.chance(0.8),
    tcpOptions: tcp ? random.bytes(withOptions) : new Uint8Array(0),
    extension: v6 && random.chance(0.15) ? extensionOf(tcp ? PROTOCOL.tcp : PROTOCOL.udp) : new Uint8Array(0),
  };
}

/** Eight octets: PadN inside destination options. */
const extensionOf = (next: number): Uint8Array => Uint8Array.of(next, 0, 1, 4, 0, 0, 0, 0);

export interface Content {
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly window: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

/** A packet of a flow with right checksums. */
export function packetOf(flow: Flow, content: Content): Uint8Array {
  const transport = flow.tcp ? tcpSegment(flow, content) : udpDatagram(flow, content);
  const upper = Buffer.concat([flow.extension, transport]);
  const packet = flow.v6 ? ipv6(flow, upper) : ipv4(flow, content.id, upper);
  writeChecksums(packet);
  return packet;
}

function tcpSegment(flow: Flow, content: Content): Buffer {
  const header = Buffer.alloc(20 + flow.tcpOptions.length);
  header.set(flow.ports, 0);
  header.writeUInt32BE(content.sequence >>> 0, 4);
  header.writeUInt32BE(content.acknowledgement >>> 0, 8);
  header[12] = (header.length / 4) << 4;
  header[13] = content.flags;
  header.writeUInt16BE(content.window, 14);
  header.set(flow.tcpOptions, 20);
  return Buffer.concat([header, content.payload]);
}

function udpDatagram(flow: Flow, { payload }: Content): Buffer {
  const header = Buffer.alloc(8);
  header.set(flow.ports, 0);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

function ipv4(flow: Flow, id: number, upper: Uint8Array): Uint8Array {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = flow.trafficClass;
  header.writeUInt16BE(20 + upper.length, 2);
  header.writeUInt16BE(id & 0xffff, 4);
  header.writeUInt16BE(flow.dontFragment ? 0x4000 : 0, 6);
  header[8] = flow.ttl;
  header[9] = flow.tcp ? PROTOCOL.tcp : PROTOCOL.udp;
  header.set(flow.source, 12);
  header.set(flow.destination, 16);
  return new Uint8Array(Buffer.concat([header, upper]));
}

function ipv6(flow: Flow, upper: Uint8Array): Uint8Array {
  const header = Buffer.alloc(40);
  header.writeUInt16BE(0x6000 | (flow.trafficClass << 4), 0);
  header.writeUInt16BE(upper.length, 4);
  header[6] = flow.extension.length > 0 ? 60 : flow.tcp ? PROTOCOL.tcp : PROTOCOL.udp;
  header[7] = flow.ttl;
  header.set(flow.source, 8);
  header.set(flow.destination, 24);
  return new Uint8Array(Buffer.concat([header, upper]));
}

export function layoutOf(packet: Uint8Array): Layout {
  const v6 = (packet[0] as number) >> 4 === 6;
  const first = v6 ? (packet[6] as number) : (packet[9] as number);
  const extended = v6 && first === 60;
  const upperAt = v6 ? (extended ? 48 : 40) : ((packet[0] as number) & 15) * 4;
  const protocol = extended ? (packet[40] as number) : first;
  const tcpBytes = ((packet[upperAt + 12] as number) >> 4) * 4;
  return { v6, protocol, upperAt, payloadAt: upperAt + (protocol === PROTOCOL.tcp ? tcpBytes : 8) };
}

/** The one's complement sum of 16-bit words. */
function sum(octets: Uint8Array, start = 0): number {
  let total = start;
  for (let i = 0; i < octets.length; i += 2) total += ((octets[i] as number) << 8) | (octets[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

function pseudoSum(packet: Uint8Array, { v6, protocol, upperAt }: Layout): number {
  const addresses = v6 ? packet.subarray(8, 40) : packet.subarray(12, 20);
  return sum(addresses, protocol + packet.length - upperAt);
}

const checksumAt = ({ protocol, upperAt }: Layout): number => upperAt + (protocol === PROTOCOL.tcp ? 16 : 6);

export function writeChecksums(packet: Uint8Array): void {
  const view = new DataView(packet.buffer, packet.byteOffset);
  const layout = layoutOf(packet);
  if (!layout.v6) {
    view.setUint16(10, 0);
    view.setUint16(10, ~sum(packet.subarray(0, layout.upperAt)) & 0xffff);
  }
  view.setUint16(checksumAt(layout), 0);
  const value = ~sum(packet.subarray(layout.upperAt), pseudoSum(packet, layout)) & 0xffff;
  view.setUint16(checksumAt(layout), value === 0 && layout.protocol === PROTOCOL.udp ? 0xffff : value);
}

/**
 * Without the identification where it means nothing: in an IPv4 packet that must not be fragmented (RFC 6864 §4.1). A
 * wrong header checksum stays wrong.
 */
export function withoutId(packet: Uint8Array): Uint8Array {
  const atomic = (packet[0] as number) >> 4 === 4 && packet[6] === 0x40 && packet[7] === 0;
  const upperAt = ((packet[0] as number) & 15) * 4;
  if (!atomic || sum(packet.subarray(0, upperAt)) !== 0xffff) return packet;
  const copy = packet.slice();
  copy.fill(0, 4, 6);
  copy.fill(0, 10, 12);
  return copy;
}

interface FrameOptions {
  /** Payload octets of a segment; absent: this is one packet. */
  readonly segment?: number;
  /** Leaves the checksum to whoever takes the frame. */
  readonly unfinished?: boolean;
}

/** A frame as the system hands it over: with `segment` a super-packet, whose checksum is always unfinished. */
export function frameOf(packet: Uint8Array, { segment, unfinished = false }: FrameOptions = {}): Uint8Array {
  const frame = Buffer.alloc(VNET_BYTES + packet.length);
  frame.set(packet, VNET_BYTES);
  if (segment === undefined && !unfinished) return new Uint8Array(frame);
  const layout = layoutOf(packet);
  const tcp = layout.protocol === PROTOCOL.tcp;
  frame[0] = NEEDS_CHECKSUM;
  frame[1] = segment === undefined ? GSO.none : tcp ? (layout.v6 ? GSO.tcp6 : GSO.tcp4) : GSO.udp;
  frame.writeUInt16LE(layout.payloadAt, 2);
  frame.writeUInt16LE(segment ?? 0, 4);
  frame.writeUInt16LE(layout.upperAt, 6);
  frame.writeUInt16LE(tcp ? 16 : 6, 8);
  frame.writeUInt16BE(pseudoSum(packet, layout), VNET_BYTES + checksumAt(layout));
  return new Uint8Array(frame);
}

/** The packets that a frame stands for, as a system without offloads would have sent or delivered them. */
export function cut(frame: Uint8Array): Uint8Array[] {
  const header = Buffer.from(frame.buffer, frame.byteOffset, VNET_BYTES);
  const packet = frame.slice(VNET_BYTES);
  const [flags, type, segment] = [header[0] as number, header[1] as number, header.readUInt16LE(4)];
  if ((flags & NEEDS_CHECKSUM) === 0) return [packet];
  const layout = layoutOf(packet);
  if (header.readUInt16LE(6) !== layout.upperAt) throw new Error('csum_start is not the transport header');
  if (type === GSO.none) {
    writeChecksums(packet);
    return [packet];
  }
  const payload = packet.subarray(layout.payloadAt);
  const count = Math.ceil(payload.length / segment);
  return Array.from({ length: count }, (_, at) => {
    const part = payload.subarray(at * segment, (at + 1) * segment);
    const one = new Uint8Array(Buffer.concat([packet.subarray(0, layout.payloadAt), part]));
    const view = new DataView(one.buffer);
    if (layout.v6) view.setUint16(4, one.length - 40);
    else {
      view.setUint16(2, one.length);
      view.setUint16(4, (view.getUint16(4) + at) & 0xffff);
    }
    if (type === GSO.udp) view.setUint16(layout.upperAt + 4, one.length - layout.upperAt);
    else {
      view.setUint32(layout.upperAt + 4, (view.getUint32(layout.upperAt + 4) + at * segment) >>> 0);
      const last = at === count - 1;
      const kept = (last ? 0xff : 0xff & ~(TCP.fin | TCP.psh)) & (at === 0 ? 0xff : 0xff & ~TCP.cwr);
      one[layout.upperAt + 13] = (one[layout.upperAt + 13] as number) & kept;
    }
    writeChecksums(one);
    return one;
  });
}
