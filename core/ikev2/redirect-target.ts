/**
 * The gateway identity inside REDIRECT and REDIRECTED_FROM (RFC 5685 §7.2, §7.3), as octets and as a value. tasks/redirect.ts
 * reads and writes it; whoever follows a redirect gets the value.
 */
import { EMPTY, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { formatIp, parseIp } from '#core/net/address.ts';

/** An address in canonical text, or a name of letters, digits, hyphens and dots. */
export interface RedirectTarget {
  readonly kind: 'ipv4' | 'ipv6' | 'fqdn';
  readonly value: string;
}

/** GW Ident Type: IANA "IKEv2 Gateway Identity Types". */
const TYPES = { ipv4: 1, ipv6: 2, fqdn: 3 } as const;
const ADDRESS_BYTES: ReadonlyMap<number, { readonly kind: 'ipv4' | 'ipv6'; readonly octets: number }> =
  new Map([
    [TYPES.ipv4, { kind: 'ipv4', octets: 4 }],
    [TYPES.ipv6, { kind: 'ipv6', octets: 16 }],
  ]);

/** A host name as resolvers take it (RFC 1123 §2.1), so that nothing else ever leaves for one. */
const NAME =
  /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const NUMERIC = /^[0-9.]+$/;

/** The value of a text: an address or a name; `undefined` for anything else. */
export function redirectTarget(text: string): RedirectTarget | undefined {
  const address = parseIp(text);
  if (address !== undefined)
    return { kind: address.length === 4 ? 'ipv4' : 'ipv6', value: formatIp(address) };
  return NAME.test(text) && !NUMERIC.test(text) ? { kind: 'fqdn', value: text.toLowerCase() } : undefined;
}

/** Notification data: type, length, identity, then the nonce where one is due. Throws RangeError for what is no target. */
export function encodeTarget({ kind, value }: RedirectTarget, nonce = EMPTY): Uint8Array {
  const identity = kind === 'fqdn' ? utf8(value) : parseIp(value);
  if (identity === undefined) throw new RangeError(`no ${kind} address: "${value}"`);
  return new Writer().u8(TYPES[kind]).u8(identity.length).bytes(identity).bytes(nonce).finish();
}

/** Target and nonce of notification data; `undefined` where it is garbage. The nonce is empty where there is none. */
export function decodeTarget(
  data: Uint8Array,
): { readonly target: RedirectTarget; readonly nonce: Uint8Array } | undefined {
  try {
    const reader = new Reader(data);
    const type = reader.u8('GW Ident Type');
    const identity = reader.bytes(reader.u8('GW Ident Len'), 'New Responder GW Identity');
    const target = targetOf(type, identity);
    return target && { target, nonce: reader.rest().slice() };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function targetOf(type: number, identity: Uint8Array): RedirectTarget | undefined {
  if (type === TYPES.fqdn) {
    const name = String.fromCharCode(...identity);
    return NAME.test(name) && !NUMERIC.test(name) ? { kind: 'fqdn', value: name.toLowerCase() } : undefined;
  }
  const address = ADDRESS_BYTES.get(type);
  if (address?.octets !== identity.length) return undefined;
  return { kind: address.kind, value: formatIp(identity) };
}
