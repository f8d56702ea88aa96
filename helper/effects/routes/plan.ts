/**
 * From negotiated selectors to destinations: pure. Called by linux.ts beside it, and by the tunnel manager for the
 * place of its rules.
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

const FIRST = 5200;
/** Tunnels that share a priority are told apart by their tables; which of two equal networks wins is nobody's business. */
const PER_LENGTH = 200;

/** Where the rules of tunnel number `index` begin: at this priority for whole addresses, later for shorter prefixes. */
export const routePriority = (index: number): number => FIRST + (index % PER_LENGTH);

/** A rule that leads into the table of a tunnel. */
export interface TableRule {
  readonly priority: number;
  /** Routes with prefixes of this length or shorter are left to later rules; `undefined` where none is that short. */
  readonly suppress: number | undefined;
}

/**
 * One rule for each length of prefix that the table has, in such an order that the longest prefix of all tunnels wins,
 * whichever was connected first. All come before the system's main table (32766): /0 of IPv6 is the last.
 */
export function tableRules(wanted: readonly string[], family: Family, first: number): TableRule[] {
  const lengths = [...new Set(wanted.map((text) => lengthOf(text, family)))].toSorted((a, b) => b - a);
  return lengths.map((length, at) => ({
    priority: first + (BITS[family] - length) * PER_LENGTH,
    suppress: at === lengths.length - 1 ? undefined : length - 1,
  }));
}

/** Whether a rule at `priority` is one of those that begin at `first`. */
export const isTableRule = (priority: number, first: number): boolean =>
  priority >= first && (priority - first) % PER_LENGTH === 0;

const BITS = { 4: 32, 6: 128 } as const;

function lengthOf(text: string, family: Family): number {
  if (text === 'default') return 0;
  const [, length] = text.split('/');
  return length === undefined ? BITS[family] : Number(length);
}
