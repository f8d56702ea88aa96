/**
 * Asks the kernel which way a marked packet to an address would take: RTM_GETROUTE and RTM_GETLINK (rtnetlink(7)), each answered
 * before the request returns. Not by `ip route get`: starting a program stops the event loop for longer than a whole key
 * exchange takes. linux.ts calls it before each attempt to connect.
 */
import type { IpAddress } from '#core/net/address.ts';
import { NETLINK_ROUTE, type WatchSources } from '#helper/native/watch.ts';
import { NetlinkError } from '../network-watch/netlink.ts';
import { decodeDatagram, linkRequest, type RouteMessage, wayRequest } from '../network-watch/rtnetlink.ts';

export type Netlink = Pick<WatchSources, 'openNetlink'>;

export interface Way {
  /** The local address; undefined where the adapter has none of its family. */
  readonly source: IpAddress | undefined;
  readonly dev: string;
  /** Octets: of the adapter, or of the route or path where that is known to be less. */
  readonly mtu: number;
}

/** RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT, RTN_THROW. */
const NOWHERE = new Set([6, 7, 8, 9]);

/** The way, or the kernel's error number where there is none. Throws SystemError or NetlinkError. */
export function lookUpWay(
  netlink: Netlink,
  remote: IpAddress,
  mark: number,
): Way | { readonly errno: number } {
  // Nothing but our answers arrives here, and each is there when it is taken.
  const socket = netlink.openNetlink(NETLINK_ROUTE, [], () => {});
  const ask = <W extends RouteMessage['what']>(
    what: W,
    request: Uint8Array,
  ): Extract<RouteMessage, { what: W }> | { readonly errno: number } => {
    socket.send(request);
    const [answer] = socket.take(1).datagrams.flatMap(decodeDatagram);
    if (answer?.errno !== undefined) return { errno: answer.errno };
    const message = answer?.message;
    if (message === undefined || message === 'done' || message.what !== what)
      throw new NetlinkError(`no answer to a request for a ${what}`);
    return message as Extract<RouteMessage, { what: W }>;
  };
  try {
    const route = ask('route', wayRequest(remote, mark));
    if ('errno' in route) return route;
    const [index] = route.through;
    if (index === undefined || NOWHERE.has(route.type)) return { errno: ENETUNREACH };
    const link = ask('link', linkRequest(index));
    if ('errno' in link) return link;
    const mtu = Math.min(link.mtu, ...(route.mtu === undefined ? [] : [route.mtu]));
    return { source: route.source, dev: link.name, mtu };
  } finally {
    socket.close();
  }
}

const ENETUNREACH = 101;
