/** Traffic selectors of a Child SA: what a responder grants of a request and what an initiator accepts (RFC 7296 §2.9). */
import { ANY_UPPER, containsSelector, narrow, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import { prefixToRange } from '#core/net/address.ts';
import type { AssignedConfig, ChildConfig } from './connection-types.ts';

/** Everything from and to these addresses. */
const hosts = ({ addresses }: AssignedConfig): TrafficSelector[] =>
  addresses.map(({ address }) => ({
    ...ANY_UPPER,
    // The host alone, not its prefix: the network behind belongs to other clients as well.
    ...prefixToRange({ address, length: address.length * 8 }),
  }));

const familiesOf = (selectors: readonly TrafficSelector[]): ReadonlySet<number> =>
  new Set(selectors.map(({ start }) => start.length));

/**
 * What the responder grants; `undefined` is TS_UNACCEPTABLE. 0.0.0.0/0 and ::/0 of a client shrink to the addresses it was
 * given. A family that remains on one side only could carry no packet, so it is left out.
 */
export function selectorsForResponder(
  child: ChildConfig,
  assigned: AssignedConfig | undefined,
  tsi: readonly TrafficSelector[],
  tsr: readonly TrafficSelector[],
): { readonly localTs: TrafficSelector[]; readonly remoteTs: TrafficSelector[] } | undefined {
  const allowed =
    assigned === undefined || assigned.addresses.length === 0
      ? child.remoteTs
      : narrow(hosts(assigned), child.remoteTs);
  const remote = narrow(tsi, allowed);
  const local = narrow(tsr, child.localTs);
  const [remoteFamilies, localFamilies] = [familiesOf(remote), familiesOf(local)];
  const remoteTs = remote.filter(({ start }) => localFamilies.has(start.length));
  const localTs = local.filter(({ start }) => remoteFamilies.has(start.length));
  return remoteTs.length > 0 && localTs.length > 0 ? { localTs, remoteTs } : undefined;
}

/**
 * Whether an answer stays inside the request: each of its selectors inside one that was asked for. A selector that spans
 * two of ours is refused with the rest; no gateway is known to join selectors.
 */
export function within(answer: readonly TrafficSelector[], asked: readonly TrafficSelector[]): boolean {
  return answer.length > 0 && answer.every((inner) => asked.some((outer) => containsSelector(outer, inner)));
}
