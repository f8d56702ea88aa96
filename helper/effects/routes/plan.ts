/**
 * From negotiated selectors to destinations: pure. Called by linux.ts beside it, and by the tunnel manager for the
 * order of tunnels.
 */
import { rangeToPrefixes, type Prefix } from '#core/net/address.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import { familyOf, routeText, type Family } from '../ip.ts';

/** Destinations of one family as `ip` spells them, each once. Ports and protocols do not matter: the data plane drops what no SA takes. */
export function destinations(remoteTs: readonly TrafficSelector[], family: Family): string[] {
  return [...new Set(prefixes(remoteTs, family).map(routeText))];
}

const prefixes = (remoteTs: readonly TrafficSelector[], family: Family): Prefix[] =>
  remoteTs
    .filter(({ start }) => familyOf(start) === family)
    .flatMap(({ start, end }) => rangeToPrefixes(start, end));

const BASE = 5200;
const PER_CLASS = 1000;

/**
 * A priority for the rule of tunnel number `index` (0..999): a tunnel of narrow selectors comes before one that takes
 * everything, whichever was connected first, and all of them before the system's main table (32766).
 */
export function routePriority(remoteTs: readonly TrafficSelector[], index: number): number {
  const widest = Math.min(
    ...([4, 6] as const).flatMap((family) => prefixes(remoteTs, family).map(({ length }) => length)),
  );
  // Two halves of the Internet are everything too.
  return BASE + index + (widest <= 1 ? PER_CLASS : 0);
}
