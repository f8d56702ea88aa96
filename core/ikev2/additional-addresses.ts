/**
 * ADDITIONAL_IP4_ADDRESS, ADDITIONAL_IP6_ADDRESS and NO_ADDITIONAL_ADDRESSES (RFC 4555 §3.4, §3.6): where else an end can be
 * reached, besides the address that the message comes from. The tasks of MOBIKE write and read them.
 */
import type { IpAddress } from '#core/net/address.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { findAll, findNotify, notify } from './payload-access.ts';
import type { Payload } from './payload-types.ts';

const { ADDITIONAL_IP4_ADDRESS, ADDITIONAL_IP6_ADDRESS, NO_ADDITIONAL_ADDRESSES } = NotifyType;
/** Octets of an address by notify. */
const OCTETS: ReadonlyMap<number, number> = new Map([
  [ADDITIONAL_IP4_ADDRESS, 4],
  [ADDITIONAL_IP6_ADDRESS, 16],
]);
/** A gateway has a handful; what goes beyond is not kept. */
const MAX_ADDRESSES = 32;

export const tellAddresses = (addresses: readonly IpAddress[]): Payload[] =>
  addresses.map((address) =>
    notify(address.length === 4 ? ADDITIONAL_IP4_ADDRESS : ADDITIONAL_IP6_ADDRESS, address),
  );

/** The whole list, which replaces any earlier one; `undefined` where the message does not speak of it. */
export function readAddresses(payloads: readonly Payload[]): IpAddress[] | undefined {
  const told = findAll(payloads, 'N').filter(({ type, data }) => OCTETS.get(type) === data.length);
  if (told.length > 0) return told.slice(0, MAX_ADDRESSES).map(({ data }) => data.slice());
  return findNotify(payloads, NO_ADDITIONAL_ADDRESSES) === undefined ? undefined : [];
}
