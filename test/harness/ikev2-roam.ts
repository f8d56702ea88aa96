/** What tests of MOBIKE share: ends with several addresses, and where each end believes to be (RFC 4555). */
import type { Payload } from '#core/ikev2/payload-types.ts';
import type { Path } from '#core/net/address.ts';
import type { Ikev2Pair, PairOptions } from './ikev2-pair.ts';
import { INITIATOR_ADDRESS, RESPONDER_ADDRESS } from './ikev2-pair.ts';
import { standing } from './ikev2-rekey.ts';
import type { Flying } from './virtual-link.ts';

/** Other addresses of the client and of the gateway. */
export const CAFE = '203.0.113.50';
export const HOME6 = '2001:db8:1::50';
export const GATEWAY2 = '198.51.100.2';
export const GATEWAY6 = '2001:db8:ffff::1';
export const OUTSIDE = '203.0.113.9';

/** Where both ends stand at home and in the cafe, as bothStandAt() tells it. */
export const AT_HOME = [
  `${INITIATOR_ADDRESS}:4500 -> ${RESPONDER_ADDRESS}:4500`,
  `${RESPONDER_ADDRESS}:4500 -> ${INITIATOR_ADDRESS}:4500`,
];
export const AT_CAFE = [
  `${CAFE}:4500 -> ${RESPONDER_ADDRESS}:4500`,
  `${RESPONDER_ADDRESS}:4500 -> ${CAFE}:4500`,
];

/** Gives up after some seconds. */
export const SHORT = { initialMs: 100, factor: 1.5, maxMs: 1_000, attempts: 4, jitter: 0 } as const;

/** A pair that stands, on port 4500, with all addresses in service. */
export function mobile(options: PairOptions = {}): Ikev2Pair {
  const pair = standing(options);
  for (const alias of [CAFE, HOME6]) pair.world.aliases.set(alias, INITIATOR_ADDRESS);
  for (const alias of [GATEWAY2, GATEWAY6]) pair.world.aliases.set(alias, RESPONDER_ADDRESS);
  return pair;
}

export const pathOf = (local: string, remote = RESPONDER_ADDRESS): Path => ({
  local: { address: local, port: 4500 },
  remote: { address: remote, port: 4500 },
});

export const roam = (pair: Ikev2Pair, local: string, remote = RESPONDER_ADDRESS) =>
  pair.do((now) => pair.initiator.roam(now, pathOf(local, remote)));

/** `local -> remote` and the NATs, as the driver of an end was told last. */
export function standsAt(pair: Ikev2Pair, end: 'initiator' | 'responder'): string {
  const last = pair.events[end].of('path').at(-1);
  if (last === undefined) return 'nowhere';
  const { path, nat, pending } = last;
  const nats = [nat.local ? 'local NAT' : '', nat.remote ? 'remote NAT' : '', pending ? 'pending' : ''];
  const text = nats.filter((part) => part !== '').join(', ');
  const from = `${path.local.address}:${path.local.port}`;
  return `${from} -> ${path.remote.address}:${path.remote.port}${text === '' ? '' : ` (${text})`}`;
}

export const bothStandAt = (pair: Ikev2Pair): string[] => [
  standsAt(pair, 'initiator'),
  standsAt(pair, 'responder'),
];

/** Whether a payload is the notify of this type. */
export const has = (type: number) => (payload: Payload) => payload.kind === 'N' && payload.type === type;

/** Datagrams with these source or destination addresses vanish. */
export const block = (pair: Ikev2Pair, ...addresses: readonly string[]) => {
  pair.link.tamper = (flying) =>
    addresses.some((address) => [flying.source.address, flying.destination.address].includes(address))
      ? []
      : [flying];
};
export const unblock = (pair: Ikev2Pair) => block(pair);

/** Some datagrams take longer. */
export const delay = (pair: Ikev2Pair, ms: number, which: (flying: Flying) => boolean) => {
  pair.link.tamper = (flying) => [which(flying) ? { ...flying, at: flying.at + ms } : flying];
};
