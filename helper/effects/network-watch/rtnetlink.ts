/**
 * The part of rtnetlink(7) that the watch reads: links, addresses, routes and rules, and the requests for a list of the
 * first two; and what routes/way-lookup.ts asks. Pure. Throws NetlinkError (netlink.ts).
 */
import { type Body, LITTLE, messagesOf, NLMSG_DONE, NLMSG_ERROR, request } from './netlink.ts';

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
      /** Of 4 or 16 octets; empty where the message has none. */
      readonly address: Uint8Array;
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

/** All messages of one datagram. `undefined` stands for a kind that does not matter. Throws NetlinkError. */
export const decodeDatagram = (datagram: Uint8Array): Received[] =>
  messagesOf(datagram).map(({ type, port, body }) => ({
    port,
    message: decode(type, body),
    ...(type === NLMSG_ERROR ? { errno: -body.i32() } : {}),
  }));

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

function decode(type: number, body: Body): Received['message'] {
  // An error ends an answer, too: what it would have listed is then unknown.
  if (type === NLMSG_DONE || type === NLMSG_ERROR) return 'done';
  const decoder = DECODERS.get(type - (type % 4));
  const kind = type % 4;
  return decoder === undefined || kind > 1 ? undefined : decoder(body, kind === 1);
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
    address: address?.octets() ?? new Uint8Array(),
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
