/**
 * The part of rtnetlink(7) that the watch reads: links, addresses, routes and rules, and the requests for a list of the
 * first two; and what routes/way-lookup.ts asks. Pure. Only the kernel writes here, yet every length is checked: a message that does not have its shape is
 * a NetlinkError. Numbers are in host byte order; addresses are left alone, as the octets that they are.
 */
import { endianness } from 'node:os';

export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
}

/** RTNLGRP_ numbers of linux/rtnetlink.h: what the watch subscribes to. */
export const GROUPS = {
  link: 1,
  ipv4Address: 5,
  ipv4Route: 7,
  ipv4Rule: 8,
  ipv6Address: 9,
  ipv6Route: 11,
  ipv6Rule: 19,
} as const;

export type RouteMessage = { readonly gone: boolean } & (
  | {
      readonly what: 'link';
      readonly index: number;
      readonly name: string;
      readonly flags: number;
      readonly mtu: number;
    }
  | {
      readonly what: 'address';
      readonly index: number;
      readonly flags: number;
      readonly scope: number;
      /** Family, prefix length and address: what makes it this one. */
      readonly key: string;
    }
  | {
      readonly what: 'route';
      readonly type: number;
      readonly flags: number;
      readonly table: number;
      readonly linkLocal: boolean;
      /** The adapter; several for a multipath route, none for an unreachable one. */
      readonly through: readonly number[];
      /** The local address towards it, in an answer to wayRequest. */
      readonly source: Uint8Array | undefined;
      /** Of the route, or of the path where that is known. */
      readonly mtu: number | undefined;
    }
  | { readonly what: 'rule'; readonly table: number }
);

/** A message with the number of the request it answers, or `done` at the end of an answer. */
export interface Received {
  /** nlmsg_pid: the socket on whose behalf the kernel speaks; 0 is its own. */
  readonly port: number;
  readonly message: RouteMessage | 'done' | undefined;
  /** Why the kernel does not answer: a number of errno(3). */
  readonly errno?: number;
}

const LITTLE = endianness() === 'LE';
const HEADER = 16;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const TYPES = {
  newLink: 16,
  newAddress: 20,
  newRoute: 24,
  newRule: 32,
  getLink: 18,
  getAddress: 22,
  getRoute: 26,
} as const;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

/** All messages of one datagram. `undefined` stands for a kind that does not matter. Throws NetlinkError. */
export function decodeDatagram(datagram: Uint8Array): Received[] {
  const received: Received[] = [];
  for (let at = 0; at + HEADER <= datagram.length; ) {
    const view = new DataView(datagram.buffer, datagram.byteOffset + at, datagram.length - at);
    const length = view.getUint32(0, LITTLE);
    if (length < HEADER || length > view.byteLength) throw new NetlinkError(`nlmsg_len: ${length}`);
    const type = view.getUint16(4, LITTLE);
    const body = datagram.subarray(at + HEADER, at + length);
    const errno = type === NLMSG_ERROR ? { errno: -new Body(body).i32() } : {};
    received.push({ port: view.getUint32(12, LITTLE), message: decode(type, body), ...errno });
    at += align(length);
  }
  return received;
}

/** A request for all links or all addresses. The kernel takes one at a time from a socket. */
export const listRequest = (what: 'link' | 'address'): Uint8Array =>
  request(what === 'link' ? TYPES.getLink : TYPES.getAddress, NLM_F_DUMP, new Uint8Array(4));

/** A request for the link with this index. */
export function linkRequest(index: number): Uint8Array {
  const body = new Uint8Array(16);
  new DataView(body.buffer).setUint32(4, index, LITTLE);
  return request(TYPES.getLink, 0, body);
}

/** A request for the route that a packet with this mark would take to `remote`, of 4 or 16 octets. */
export function wayRequest(remote: Uint8Array, mark: number): Uint8Array {
  const body = new Uint8Array(12 + 4 + remote.length + 8);
  const view = new DataView(body.buffer);
  body[0] = remote.length === 4 ? AF_INET : AF_INET6;
  body[1] = remote.length * 8;
  view.setUint16(12, 4 + remote.length, LITTLE);
  view.setUint16(14, RTA_DST, LITTLE);
  body.set(remote, 16);
  const at = 16 + remote.length;
  view.setUint16(at, 8, LITTLE);
  view.setUint16(at + 2, RTA_MARK, LITTLE);
  view.setUint32(at + 4, mark, LITTLE);
  return request(TYPES.getRoute, 0, body);
}

function request(type: number, flags: number, body: Uint8Array): Uint8Array {
  const whole = new Uint8Array(HEADER + body.length);
  const view = new DataView(whole.buffer);
  view.setUint32(0, whole.length, LITTLE);
  view.setUint16(4, type, LITTLE);
  view.setUint16(6, NLM_F_REQUEST | flags, LITTLE);
  whole.set(body, HEADER);
  return whole;
}

function decode(type: number, body: Uint8Array): Received['message'] {
  // An error ends an answer, too: what it would have listed is then unknown.
  if (type === NLMSG_DONE || type === NLMSG_ERROR) return 'done';
  const decoder = DECODERS.get(type - (type % 4));
  const kind = type % 4;
  return decoder === undefined || kind > 1 ? undefined : decoder(new Body(body), kind === 1);
}

/** By RTM_NEW…; RTM_DEL… is the next number. */
const DECODERS: ReadonlyMap<number, (body: Body, gone: boolean) => RouteMessage> = new Map([
  [TYPES.newLink, decodeLink],
  [TYPES.newAddress, decodeAddress],
  [TYPES.newRoute, decodeRoute],
  [TYPES.newRule, decodeRule],
]);

const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_MARK = 16;
const RTAX_MTU = 2;

/** struct ifinfomsg. */
function decodeLink(body: Body, gone: boolean): RouteMessage {
  const attributes = body.attributes(16);
  const name = attributes.get(IFLA_IFNAME)?.text() ?? '';
  return {
    what: 'link',
    gone,
    index: body.u32(4),
    flags: body.u32(8),
    name,
    mtu: attributes.get(IFLA_MTU)?.u32() ?? 0,
  };
}

/** struct ifaddrmsg. */
function decodeAddress(body: Body, gone: boolean): RouteMessage {
  const attributes = body.attributes(8);
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  return {
    what: 'address',
    gone,
    index: body.u32(4),
    flags: attributes.get(IFA_FLAGS)?.u32() ?? body.u8(2),
    scope: body.u8(3),
    key: `${body.u8(0)} ${body.u8(1)} ${address?.hex() ?? ''}`,
  };
}

/** struct rtmsg. */
function decodeRoute(body: Body, gone: boolean): RouteMessage {
  const attributes = body.attributes(12);
  const out = attributes.get(RTA_OIF);
  return {
    what: 'route',
    gone,
    type: body.u8(7),
    flags: body.u32(8),
    table: attributes.get(RTA_TABLE)?.u32() ?? body.u8(4),
    linkLocal: body.u8(0) === AF_INET6 && /^fe[89ab]/.test(attributes.get(RTA_DST)?.hex() ?? ''),
    source: attributes.get(RTA_PREFSRC)?.octets(),
    mtu: attributes.get(RTA_METRICS)?.attributes(0).get(RTAX_MTU)?.u32(),
    through: out === undefined ? (attributes.get(RTA_MULTIPATH)?.nextHops() ?? []) : [out.u32()],
  };
}

const AF_INET = 2;
const AF_INET6 = 10;

/** struct fib_rule_hdr, and its table, which has the number of a route's. */
function decodeRule(body: Body, gone: boolean): RouteMessage {
  return { what: 'rule', gone, table: body.attributes(12).get(RTA_TABLE)?.u32() ?? body.u8(4) };
}

const align = (length: number): number => (length + 3) & ~3;

/** Octets with a bound; every number is asked for by its offset. */
class Body {
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
