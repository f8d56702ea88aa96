/**
 * Reads captures: pcap (both byte orders and resolutions) and pcapng, and the UDP datagrams in them over Ethernet or
 * raw IP. Only for tests: fragments of IP are an error, not put together.
 */
import { formatIp } from '#core/net/address.ts';

interface Frame {
  /** LINKTYPE of tcpdump.org: 1 Ethernet, 101 raw IP. */
  readonly link: number;
  readonly bytes: Buffer;
}

interface UdpDatagram {
  readonly from: { readonly address: string; readonly port: number };
  readonly to: { readonly address: string; readonly port: number };
  readonly payload: Uint8Array;
}

export function readFrames(file: Buffer): Frame[] {
  return file.readUInt32LE(0) === 0x0a0d0d0a ? readPcapng(file) : readPcap(file);
}

const PCAP_MAGIC = new Set([0xa1b2c3d4, 0xa1b23c4d]);

function readPcap(file: Buffer): Frame[] {
  const little = PCAP_MAGIC.has(file.readUInt32LE(0));
  if (!little && !PCAP_MAGIC.has(file.readUInt32BE(0))) throw new Error('neither pcap nor pcapng');
  const u32 = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const frames: Frame[] = [];
  for (let at = 24; at < file.length; ) {
    const length = u32(at + 8);
    frames.push({ link: u32(20) & 0xffff, bytes: file.subarray(at + 16, at + 16 + length) });
    at += 16 + length;
  }
  return frames;
}

const BLOCK = { SECTION: 0x0a0d0d0a, INTERFACE: 1, SIMPLE: 3, ENHANCED: 6 } as const;

function readPcapng(file: Buffer): Frame[] {
  const frames: Frame[] = [];
  let links: number[] = [];
  let little = true;
  for (let at = 0; at < file.length; ) {
    if (file.readUInt32LE(at) === BLOCK.SECTION) {
      little = file.readUInt32LE(at + 8) === 0x1a2b3c4d;
      links = [];
    }
    const u32 = (offset: number): number =>
      little ? file.readUInt32LE(at + offset) : file.readUInt32BE(at + offset);
    const u16 = (offset: number): number =>
      little ? file.readUInt16LE(at + offset) : file.readUInt16BE(at + offset);
    const type = u32(0);
    if (type === BLOCK.INTERFACE) links.push(u16(8));
    if (type === BLOCK.ENHANCED) {
      frames.push({ link: links[u32(8)] ?? -1, bytes: file.subarray(at + 28, at + 28 + u32(20)) });
    }
    if (type === BLOCK.SIMPLE) {
      frames.push({ link: links[0] ?? -1, bytes: file.subarray(at + 12, at + 12 + u32(8)) });
    }
    at += u32(4);
  }
  return frames;
}

const LINK = { ETHERNET: 1, RAW: 101 } as const;
const UDP = 17;

function ipPacket({ link, bytes }: Frame): Buffer | undefined {
  if (link === LINK.RAW) return bytes;
  if (link !== LINK.ETHERNET) throw new Error(`link type ${link} is not read here`);
  const type = bytes.readUInt16BE(12);
  return type === 0x0800 || type === 0x86dd ? bytes.subarray(14) : undefined;
}

function udpDatagram(packet: Buffer): UdpDatagram | undefined {
  const version = packet.readUInt8(0) >> 4;
  const [protocolAt, addressAt, addressBytes] = version === 4 ? [9, 12, 4] : [6, 8, 16];
  const headerBytes = version === 4 ? (packet.readUInt8(0) & 0x0f) * 4 : 40;
  if (packet.readUInt8(protocolAt) !== UDP) return undefined;
  if (version === 4 && (packet.readUInt16BE(6) & 0x3fff) !== 0) throw new Error('a fragment of IP');
  const address = (at: number): string => formatIp(Uint8Array.from(packet.subarray(at, at + addressBytes)));
  const udp = packet.subarray(headerBytes);
  return {
    from: { address: address(addressAt), port: udp.readUInt16BE(0) },
    to: { address: address(addressAt + addressBytes), port: udp.readUInt16BE(2) },
    payload: Uint8Array.from(udp.subarray(8, udp.readUInt16BE(4))),
  };
}

/** Every UDP datagram of a capture, in order. */
export function readUdp(file: Buffer): UdpDatagram[] {
  return readFrames(file)
    .map(ipPacket)
    .filter((packet) => packet !== undefined)
    .map(udpDatagram)
    .filter((datagram) => datagram !== undefined);
}

/** The IKE messages of a capture: what travels on port 500, and behind the non-ESP marker on 4500 (RFC 3948 §2.2). */
export function readIke(file: Buffer): UdpDatagram[] {
  return readUdp(file).flatMap((datagram) => {
    const ports = new Set([datagram.from.port, datagram.to.port]);
    if (ports.has(500)) return [datagram];
    const marked =
      datagram.payload.length > 4 && datagram.payload.subarray(0, 4).every((octet) => octet === 0);
    return ports.has(4500) && marked ? [{ ...datagram, payload: datagram.payload.subarray(4) }] : [];
  });
}
