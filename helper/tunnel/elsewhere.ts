/**
 * Which of the addresses that a gateway tells of (RFC 4555 §3.4) may be tried outside: gateways tell of all that they have, and those
 * of the networks behind them are no way to them. way.ts asks where there is no way to the address that was used.
 */
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import { compareIp, type IpAddress } from '#core/net/address.ts';

/** `remoteTs`: what lies in the tunnel. A selector for everything says nothing about a single address. */
export const reachableOutside = (
  addresses: readonly IpAddress[],
  remoteTs: readonly TrafficSelector[],
): IpAddress[] =>
  addresses.filter(
    (address) =>
      !remoteTs.some(
        ({ start, end }) =>
          start.length === address.length &&
          start.some((octet, at) => octet !== 0 || end[at] !== 0xff) &&
          compareIp(start, address) <= 0 &&
          compareIp(address, end) <= 0,
      ),
  );
