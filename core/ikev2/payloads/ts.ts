/** Traffic Selector payloads, TSi and TSr (RFC 7296 §3.13). ike/traffic-selector.ts computes with their content. */
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import { compareIp } from '#core/net/address.ts';
import { tsTypes } from '#core/registry/ts-types.ts';
import type { PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'TSi' | 'TSr'>): Uint8Array {
  if (payload.selectors.length === 0) throw new RangeError('a TS payload needs a selector');
  const writer = new Writer().u8(payload.selectors.length).zeros(3);
  for (const selector of payload.selectors) encodeSelector(writer, selector);
  return writer.finish();
}

function encodeSelector(writer: Writer, selector: TrafficSelector): void {
  const { start, end } = selector;
  const row = tsTypes.rows.find(({ addressBytes }) => addressBytes === start.length);
  if (!row || start.length !== end.length)
    throw new RangeError('a selector needs two addresses of one family');
  writer
    .u8(row.id)
    .u8(selector.protocol)
    .u16(8 + 2 * start.length)
    .u16(selector.startPort)
    .u16(selector.endPort)
    .bytes(start)
    .bytes(end);
}

/** Selectors of a type that we do not know are left out: they match nothing of ours (§2.9). */
export function decode<K extends 'TSi' | 'TSr'>(
  kind: K,
  body: Uint8Array,
): { readonly kind: K; readonly selectors: readonly TrafficSelector[] } {
  const reader = new Reader(body);
  const count = reader.u8('number of selectors');
  reader.skip(3, 'reserved');
  if (count === 0) throw new DecodeError('number of selectors', 'is zero');
  const selectors = Array.from({ length: count }, () => decodeSelector(reader));
  reader.end('TS payload');
  return { kind, selectors: selectors.filter((selector) => selector !== undefined) };
}

function decodeSelector(outer: Reader): TrafficSelector | undefined {
  const type = outer.u8('TS type');
  const protocol = outer.u8('IP protocol');
  const reader = outer.sub(outer.u16('selector length') - 4, 'selector');
  const addressBytes = tsTypes.row(type)?.addressBytes;
  if (addressBytes === undefined) return undefined;
  const startPort = reader.u16('start port');
  const endPort = reader.u16('end port');
  const start = reader.bytes(addressBytes, 'starting address');
  const end = reader.bytes(addressBytes, 'ending address');
  reader.end('selector');
  if (compareIp(start, end) > 0) throw new DecodeError('selector', 'starts after its end');
  const opaque = startPort === 65535 && endPort === 0;
  if (startPort > endPort && !opaque) throw new DecodeError('selector ports', `${startPort} to ${endPort}`);
  return { protocol, startPort, endPort, start, end };
}
