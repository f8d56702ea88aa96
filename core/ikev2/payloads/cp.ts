/** Configuration payload (RFC 7296 §3.15). What the attributes hold, the configuration task decides. */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { ConfigAttribute, PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'CP'>): Uint8Array {
  const writer = new Writer().u8(payload.type).zeros(3);
  for (const { type, value } of payload.attributes) writer.u16(type).u16(value.length).bytes(value);
  return writer.finish();
}

export function decode(body: Uint8Array): PayloadOf<'CP'> {
  const reader = new Reader(body);
  const type = reader.u8('configuration type');
  reader.skip(3, 'reserved');
  const attributes: ConfigAttribute[] = [];
  while (reader.remaining > 0) {
    // The top bit is reserved and ignored (§3.15.1).
    const attribute = reader.u16('attribute type') & 0x7fff;
    const length = reader.u16('attribute length');
    attributes.push({ type: attribute, value: reader.bytes(length, 'attribute value') });
  }
  return { kind: 'CP', type, attributes };
}
