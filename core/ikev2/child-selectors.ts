/** Traffic selectors of a Child SA: what a responder grants of a request and what an initiator accepts (RFC 7296 §2.9). */
import { ANY_UPPER, containsSelector, narrow, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import { prefixToRange } from '#core/net/address.ts';
import type { AssignedConfig, ChildConfig } from './connection-types.ts';
import type { IkeSa } from './ike-sa.ts';

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
  child: Pick<ChildConfig, 'localTs' | 'remoteTs'>,
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
 * What either end grants where the peer asks for one more Child SA (§1.3.1), and as which of those that are configured. A client is
 * at home only at the addresses that it was given.
 */
export function selectorsForPeer(
  { config, assigned }: Pick<IkeSa, 'config' | 'assigned'>,
  tsi: readonly TrafficSelector[],
  tsr: readonly TrafficSelector[],
): (NonNullable<ReturnType<typeof selectorsForResponder>> & { readonly config: ChildConfig }) | undefined {
  if (config.role === 'responder') {
    const granted = selectorsForResponder(config.child, assigned, tsi, tsr);
    return granted && { ...granted, config: config.child };
  }
  for (const child of [config.child, ...(config.furtherChildren ?? [])]) {
    const localTs = localSelectors({ assigned }, child);
    const granted = selectorsForResponder({ localTs, remoteTs: child.remoteTs }, undefined, tsi, tsr);
    if (granted !== undefined) return { ...granted, config: child };
  }
  return undefined;
}

/** What of a client's own selectors is at the addresses that it was given; all of them where it was given none. */
export function localSelectors(
  { assigned }: Pick<IkeSa, 'assigned'>,
  { localTs }: Pick<ChildConfig, 'localTs'>,
): readonly TrafficSelector[] {
  const own = assigned === undefined || assigned.addresses.length === 0 ? [] : hosts(assigned);
  return own.length === 0 ? localTs : narrow(own, localTs);
}

/**
 * Whether an answer stays inside the request: each of its selectors inside one that was asked for. A selector that spans
 * two of ours is refused with the rest; no gateway is known to join selectors.
 */
export function within(answer: readonly TrafficSelector[], asked: readonly TrafficSelector[]): boolean {
  return answer.length > 0 && answer.every((inner) => asked.some((outer) => containsSelector(outer, inner)));
}
