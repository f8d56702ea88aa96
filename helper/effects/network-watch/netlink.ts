/**
 * The frame of netlink(7): the messages of a datagram, and their attributes. Pure. Only the kernel writes here, yet every length is
 * checked: a message that does not have its shape is a NetlinkError. Numbers are in host byte order; addresses are left alone, as the
 * octets that they are. rtnetlink.ts and nftables.ts know what the messages say.
 */
import { endianness } from 'node:os';

export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
}

interface Message {
  readonly type: number;
  /** nlmsg_pid: whom it answers; 0 is the kernel's own. */
  readonly port: number;
  readonly body: Body;
}

/** Whether this machine is little-endian: what DataView wants to know. */
export const LITTLE = endianness() === 'LE';
const HEADER = 16;
const NLM_F_REQUEST = 0x1;

/** Types that all families have. */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Throws NetlinkError. */
export function messagesOf(datagram: Uint8Array): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at + HEADER <= datagram.length; ) {
    const view = new DataView(datagram.buffer, datagram.byteOffset + at, datagram.length - at);
    const length = view.getUint32(0, LITTLE);
    if (length < HEADER || length > view.byteLength) throw new NetlinkError(`nlmsg_len: ${length}`);
    messages.push({
      type: view.getUint16(4, LITTLE),
      port: view.getUint32(12, LITTLE),
      body: new Body(datagram.subarray(at + HEADER, at + length)),
    });
    at += align(length);
  }
  return messages;
}

/** A request with these flags beside NLM_F_REQUEST. */
export function request(type: number, flags: number, body: Uint8Array): Uint8Array {
  const whole = new Uint8Array(HEADER + body.length);
  const view = new DataView(whole.buffer);
  view.setUint32(0, whole.length, LITTLE);
  view.setUint16(4, type, LITTLE);
  view.setUint16(6, NLM_F_REQUEST | flags, LITTLE);
  whole.set(body, HEADER);
  return whole;
}

const align = (length: number): number => (length + 3) & ~3;

/** Octets with a bound; every number is asked for by its offset. */
export class Body {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at = 0): number {
    return this.#has(at, 1).getUint8(at);
  }

  u16(at = 0): number {
    return this.#has(at, 2).getUint16(at, LITTLE);
  }

  u32(at = 0): number {
    return this.#has(at, 4).getUint32(at, LITTLE);
  }

  i32(at = 0): number {
    return this.#has(at, 4).getInt32(at, LITTLE);
  }

  octets(): Uint8Array {
    return this.#bytes.slice();
  }

  hex(): string {
    return Buffer.from(this.#bytes).toString('hex');
  }

  /** Up to its NUL. */
  text(): string {
    const [text = ''] = Buffer.from(this.#bytes).toString('latin1').split('\0', 1);
    return text;
  }

  /** struct rtattr after a header of `from` octets. Of two with one type the first counts. */
  attributes(from: number): Map<number, Body> {
    const attributes = new Map<number, Body>();
    for (const [at, length] of this.#parts(from, 4)) {
      const type = this.u16(at + 2) & NLA_TYPE_MASK;
      if (!attributes.has(type)) attributes.set(type, this.#sub(at + 4, length - 4));
    }
    return attributes;
  }

  /** rtnh_ifindex of each struct rtnexthop. */
  nextHops(): number[] {
    return this.#parts(0, 8).map(([at]) => this.u32(at + 4));
  }

  /** Parts that each begin with their length, of `least` octets and a multiple of four apart. */
  #parts(from: number, least: number): [at: number, length: number][] {
    this.#has(0, from);
    const parts: [number, number][] = [];
    for (let at = from; at + least <= this.#bytes.length; ) {
      const length = this.u16(at);
      if (length < least) throw new NetlinkError(`a part of ${length} octets`);
      this.#has(at, length);
      parts.push([at, length]);
      at += align(length);
    }
    return parts;
  }

  #sub(at: number, length: number): Body {
    return new Body(this.#bytes.subarray(at, at + length));
  }

  #has(at: number, length: number): DataView {
    if (at + length > this.#bytes.length)
      throw new NetlinkError(`${this.#bytes.length} octets, ${at + length} needed`);
    return this.#view;
  }
}

/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NLA_TYPE_MASK = 0x3fff;
