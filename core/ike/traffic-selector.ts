/**
 * Which packets an SA carries: address range, protocol, ports (RFC 7296 §2.9 and §3.13.1), as text, and the sums done
 * with them. Profiles, the Child SA tasks and core/esp call it.
 */
import {
  compareIp,
  equalIp,
  formatIp,
  formatPrefix,
  type IpAddress,
  parseIp,
  parsePrefix,
  prefixToRange,
  rangeToPrefixes,
} from '#core/net/address.ts';
import { ipProtocols } from '#core/registry/ip-protocols.ts';

export interface TrafficSelector {
  /** IP protocol; 0 is any. */
  readonly protocol: number;
  /** 0..65535. For ICMP type and code stand here (RFC 4301 §4.4.1.1). OPAQUE is 65535..0. */
  readonly startPort: number;
  readonly endPort: number;
  /** First and last address, of one family. */
  readonly start: IpAddress;
  readonly end: IpAddress;
}

/** Protocol and ports of a selector, without its addresses. */
export type Upper = Pick<TrafficSelector, 'protocol' | 'startPort' | 'endPort'>;

/** What a selector's text says: addresses, or the one that is assigned later. */
type ParsedSelector =
  | { readonly kind: 'fixed'; readonly selector: TrafficSelector }
  | { readonly kind: 'dynamic'; readonly upper: Upper };

export const ANY_UPPER: Upper = { protocol: 0, startPort: 0, endPort: 65535 };
/** RFC 4301 §4.4.1.1: matches packets whose ports cannot be seen. */
const OPAQUE = { startPort: 65535, endPort: 0 } as const;

const anyPort = ({ startPort, endPort }: Upper): boolean => startPort === 0 && endPort === 65535;
const opaquePort = ({ startPort, endPort }: Upper): boolean => startPort === 65535 && endPort === 0;

// --- text ---

/** `dynamic`, a prefix, a range or an address, then `[protocol/port]` or nothing; the latter alone means dynamic. */
const SELECTOR = /^([^[\]]*)(?:\[([^[\]]*)\])?$/;

/**
 * `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, `10.0.0.1`, `dynamic`, each optionally followed by `[tcp]`, `[tcp/443]`,
 * `[udp/1000-2000]`, `[udp/opaque]`, `[icmp/8]`, `[icmp/3(1)]`, or a protocol by number. `undefined` for anything else.
 */
export function parseTrafficSelector(text: string): ParsedSelector | undefined {
  const match = SELECTOR.exec(text.trim());
  if (!match) return undefined;
  const addresses = (match[1] ?? '').trim();
  const upper = match[2] === undefined ? ANY_UPPER : parseUpper(match[2]);
  if (!upper) return undefined;
  if (addresses === 'dynamic' || (addresses === '' && match[2] !== undefined))
    return { kind: 'dynamic', upper };
  const range = parseRange(addresses);
  return range && { kind: 'fixed', selector: { ...upper, ...range } };
}

function parseRange(text: string): { start: IpAddress; end: IpAddress } | undefined {
  const prefix = parsePrefix(text);
  if (prefix) return prefixToRange(prefix);
  const [first, last, ...more] = text.split('-').map((part) => parseIp(part.trim()));
  if (!first || more.length > 0) return undefined;
  if (!text.includes('-')) return { start: first, end: first };
  return last && first.length === last.length && compareIp(first, last) <= 0
    ? { start: first, end: last }
    : undefined;
}

function parseUpper(text: string): Upper | undefined {
  const [name = '', ports, ...more] = text.split('/').map((part) => part.trim().toLowerCase());
  const protocol = parseProtocol(name);
  if (protocol === undefined || more.length > 0) return undefined;
  const range = ports === undefined ? ANY_UPPER : parsePorts(ports, isTypeCode(protocol));
  return range && { protocol, startPort: range.startPort, endPort: range.endPort };
}

function parseProtocol(name: string): number | undefined {
  if (name === 'any') return 0;
  if (/^(0|[1-9]\d{0,2})$/.test(name)) return Number(name) <= 255 ? Number(name) : undefined;
  return ipProtocols.rows.find((row) => row.name === name)?.id;
}

const isTypeCode = (protocol: number): boolean => ipProtocols.row(protocol)?.ports === 'type-code';

type Ports = Pick<Upper, 'startPort' | 'endPort'>;

function parsePorts(text: string, typeCode: boolean): Ports | undefined {
  if (text === 'any') return { startPort: 0, endPort: 65535 };
  if (text === 'opaque') return OPAQUE;
  const [from = '', to = from, ...more] = text.split('-').map((part) => part.trim());
  const parse = typeCode ? parseTypeCode : parsePort;
  const first = parse(from);
  const last = parse(to);
  if (!first || !last || more.length > 0 || first.startPort > last.endPort) return undefined;
  return { startPort: first.startPort, endPort: last.endPort };
}

function parsePort(text: string): Ports | undefined {
  if (!/^(0|[1-9]\d{0,4})$/.test(text) || Number(text) > 65535) return undefined;
  return { startPort: Number(text), endPort: Number(text) };
}

/** `8` is a type with any code, `3(1)` a type and a code. */
function parseTypeCode(text: string): Ports | undefined {
  const [, type, code] = /^(\d{1,3})(?:\((\d{1,3})\))?$/.exec(text) ?? [];
  if (type === undefined || Number(type) > 255 || Number(code ?? 0) > 255) return undefined;
  const base = Number(type) * 256;
  return code === undefined
    ? { startPort: base, endPort: base + 255 }
    : { startPort: base + Number(code), endPort: base + Number(code) };
}

function formatPorts(upper: Upper): string {
  const { startPort, endPort } = upper;
  if (opaquePort(upper)) return 'opaque';
  if (!isTypeCode(upper.protocol)) return startPort === endPort ? `${startPort}` : `${startPort}-${endPort}`;
  const wholeTypes = startPort % 256 === 0 && endPort % 256 === 255;
  const one = (port: number): string => (wholeTypes ? `${port >> 8}` : `${port >> 8}(${port % 256})`);
  return one(startPort) === one(endPort) ? one(startPort) : `${one(startPort)}-${one(endPort)}`;
}

function formatUpper(upper: Upper): string {
  if (upper.protocol === 0 && anyPort(upper)) return '';
  const name = upper.protocol === 0 ? 'any' : (ipProtocols.row(upper.protocol)?.name ?? `${upper.protocol}`);
  return anyPort(upper) ? `[${name}]` : `[${name}/${formatPorts(upper)}]`;
}

/** The text that parseTrafficSelector takes: a prefix where the range is one, else first and last address. */
export function formatTrafficSelector(selector: TrafficSelector): string {
  const [prefix, ...more] = rangeToPrefixes(selector.start, selector.end);
  const addresses =
    prefix && more.length === 0
      ? formatPrefix(prefix)
      : `${formatIp(selector.start)}-${formatIp(selector.end)}`;
  return `${addresses}${formatUpper(selector)}`;
}

// --- sums ---

function intersectPorts(a: Upper, b: Upper): Ports | undefined {
  // OPAQUE is inside ANY (RFC 4301 §4.4.1.1), apart from every number.
  if (opaquePort(a)) return opaquePort(b) || anyPort(b) ? OPAQUE : undefined;
  if (opaquePort(b)) return anyPort(a) ? OPAQUE : undefined;
  const startPort = Math.max(a.startPort, b.startPort);
  const endPort = Math.min(a.endPort, b.endPort);
  return startPort <= endPort ? { startPort, endPort } : undefined;
}

/** The packets that both selectors match, or undefined when there are none. */
export function intersectSelectors(a: TrafficSelector, b: TrafficSelector): TrafficSelector | undefined {
  if (a.start.length !== b.start.length) return undefined;
  if (a.protocol !== 0 && b.protocol !== 0 && a.protocol !== b.protocol) return undefined;
  const start = compareIp(a.start, b.start) >= 0 ? a.start : b.start;
  const end = compareIp(a.end, b.end) <= 0 ? a.end : b.end;
  const ports = intersectPorts(a, b);
  if (!ports || compareIp(start, end) > 0) return undefined;
  return { protocol: a.protocol === 0 ? b.protocol : a.protocol, ...ports, start, end };
}

export function equalSelectors(a: TrafficSelector, b: TrafficSelector): boolean {
  return (
    a.protocol === b.protocol &&
    a.startPort === b.startPort &&
    a.endPort === b.endPort &&
    equalIp(a.start, b.start) &&
    equalIp(a.end, b.end)
  );
}

/** Whether every packet that `inner` matches is matched by `outer`. */
export function containsSelector(outer: TrafficSelector, inner: TrafficSelector): boolean {
  const both = intersectSelectors(outer, inner);
  return both !== undefined && equalSelectors(both, inner);
}

/** A TS payload holds no more (one octet counts them). */
const MAX_SELECTORS = 255;

/**
 * The responder's narrowing (§2.9): what both the offer and our policy allow, in the order of the offer. The first
 * selector of an offer may describe the very packet that began it, so its share is found first and always kept.
 * Selectors that another one covers are left out. Empty means TS_UNACCEPTABLE.
 */
export function narrow(
  offered: readonly TrafficSelector[],
  allowed: readonly TrafficSelector[],
): TrafficSelector[] {
  const kept: TrafficSelector[] = [];
  for (const offer of offered) {
    for (const allow of allowed) {
      const both = intersectSelectors(offer, allow);
      if (!both || kept.some((earlier) => containsSelector(earlier, both))) continue;
      // A wide one takes the place of those that it covers.
      const apart = kept.filter((earlier) => !containsSelector(both, earlier));
      const covers = kept.findIndex((earlier) => containsSelector(both, earlier));
      apart.splice(covers < 0 ? apart.length : covers, 0, both);
      kept.splice(0, kept.length, ...apart.slice(0, MAX_SELECTORS));
    }
  }
  return kept;
}

/** One end of a packet. `port` is type * 256 + code for ICMP, and absent where the packet shows none (a later fragment). */
export interface PacketEnd {
  readonly protocol: number;
  readonly address: IpAddress;
  readonly port?: number;
}

/** Whether a packet may travel in an SA with this selector (RFC 4301 §5.2 and §7.4). */
export function matchesPacket(selector: TrafficSelector, packet: PacketEnd): boolean {
  if (selector.start.length !== packet.address.length) return false;
  if (selector.protocol !== 0 && selector.protocol !== packet.protocol) return false;
  if (compareIp(packet.address, selector.start) < 0 || compareIp(packet.address, selector.end) > 0)
    return false;
  if (anyPort(selector)) return true;
  if (packet.port === undefined) return opaquePort(selector);
  return packet.port >= selector.startPort && packet.port <= selector.endPort;
}
