/**
 * IP addresses and prefixes as octets (4 or 16 of them), with their text forms. Text comes from people and files;
 * inside, an address is a Uint8Array. (RFC 4291, RFC 5952 for the canonical text of IPv6.)
 */

/** 4 octets (IPv4) or 16 (IPv6), network byte order. */
export type IpAddress = Uint8Array;

/** A host's address and UDP port, as text for sockets, logs and status. */
export interface SocketAddress {
  /** Canonical text, without a scope or brackets. */
  readonly address: string;
  readonly port: number;
}

/** Where datagrams of an IKE SA travel: our end and the peer's. */
export interface Path {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
}

/** An address with a prefix length. */
export interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
}

const OCTET = /^(0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-fA-F]{1,4}$/;
const PREFIX_LENGTH = /^(0|[1-9]\d{0,2})$/;

function parseIp4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part) && Number(part) <= 255)) return undefined;
  return Uint8Array.from(parts, Number);
}

/** The 16-bit groups between colons, or undefined; an IPv4 address may stand at the very end. */
function parseGroups(text: string, mayEndInIp4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const ip4 = mayEndInIp4 && i === parts.length - 1 ? parseIp4(part) : undefined;
    if (!ip4) return undefined;
    const [a, b, c, d] = ip4 as unknown as [number, number, number, number];
    groups.push(a * 256 + b, c * 256 + d);
  }
  return groups;
}

function parseIp6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const compressed = halves.length === 2;
  const head = parseGroups(halves[0] ?? '', !compressed);
  const tail = compressed ? parseGroups(halves[1] ?? '', true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group (RFC 4291 §2.2).
  if (compressed ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Strict: no leading zeros in IPv4 octets, no scope, no brackets, no surrounding space. `undefined` for anything else. */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIp6(text) : parseIp4(text);
}

/** Canonical text (RFC 5952 for IPv6). Anything but 4 or 16 octets is a programming error and throws RangeError. */
export function formatIp(address: IpAddress): string {
  if (address.length === 4) return address.join('.');
  if (address.length !== 16) throw new RangeError(`an address has 4 or 16 octets, not ${address.length}`);
  const octet = (i: number): number => address[i] as number;
  // RFC 5952 §5: addresses that are known to embed IPv4 show it.
  if (address.subarray(0, 10).every((value) => value === 0) && octet(10) === 0xff && octet(11) === 0xff) {
    return `::ffff:${address.subarray(12).join('.')}`;
  }
  const groups = Array.from({ length: 8 }, (_, i) => octet(2 * i) * 256 + octet(2 * i + 1));
  const run = longestZeroRun(groups);
  if (run.length < 2) return formatGroups(groups);
  return `${formatGroups(groups.slice(0, run.at))}::${formatGroups(groups.slice(run.at + run.length))}`;
}

const formatGroups = (groups: readonly number[]): string =>
  groups.map((group) => group.toString(16)).join(':');

/** The first of the longest runs (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): { at: number; length: number } {
  let best = { at: 0, length: 0 };
  let at = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0) at = i + 1;
    else if (i + 1 - at > best.length) best = { at, length: i + 1 - at };
  }
  return best;
}

/** `address/length`; the address keeps its host bits (an assigned address stands like this). */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!address || !PREFIX_LENGTH.test(length) || Number(length) > address.length * 8) return undefined;
  return { address, length: Number(length) };
}

export const formatPrefix = (prefix: Prefix): string => `${formatIp(prefix.address)}/${prefix.length}`;

/** Network order; all of IPv4 sorts before all of IPv6. Negative, zero or positive. */
export function compareIp(a: IpAddress, b: IpAddress): number {
  if (a.length !== b.length) return a.length - b.length;
  const i = a.findIndex((octet, at) => octet !== b[at]);
  return i < 0 ? 0 : (a[i] as number) - (b[i] as number);
}

export const equalIp = (a: IpAddress, b: IpAddress): boolean => compareIp(a, b) === 0;

function toNumber(address: IpAddress): bigint {
  return address.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function fromNumber(value: bigint, octets: number): IpAddress {
  return Uint8Array.from({ length: octets }, (_, i) =>
    Number((value >> BigInt(8 * (octets - 1 - i))) & 0xffn),
  );
}

/** First and last address of a prefix; host bits of the given address do not matter. */
export function prefixToRange(prefix: Prefix): { readonly start: IpAddress; readonly end: IpAddress } {
  const octets = prefix.address.length;
  const hostMask = (1n << BigInt(octets * 8 - prefix.length)) - 1n;
  const value = toNumber(prefix.address);
  return { start: fromNumber(value & ~hostMask, octets), end: fromNumber(value | hostMask, octets) };
}

/** The fewest prefixes that cover exactly start..end, in order. Empty when the range is (or mixes families). */
export function rangeToPrefixes(start: IpAddress, end: IpAddress): Prefix[] {
  if (start.length !== end.length) return [];
  const octets = start.length;
  const last = toNumber(end);
  const prefixes: Prefix[] = [];
  for (let at = toNumber(start); at <= last; ) {
    let hostBits = 0;
    // Grow while the block stays aligned on `at` and inside the range.
    while (hostBits < octets * 8) {
      const size = 1n << BigInt(hostBits + 1);
      if (at % size !== 0n || at + size - 1n > last) break;
      hostBits++;
    }
    prefixes.push({ address: fromNumber(at, octets), length: octets * 8 - hostBits });
    at += 1n << BigInt(hostBits);
  }
  return prefixes;
}
