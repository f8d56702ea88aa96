/** Key Exchange payload (RFC 7296 §3.4). Whether the data fits the method, crypto/key-exchange.ts decides. */
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'KE'>): Uint8Array {
  return new Writer().u16(payload.group).u16(0).bytes(payload.data).finish();
}

export function decode(body: Uint8Array): PayloadOf<'KE'> {
  const reader = new Reader(body);
  const group = reader.u16('key exchange method');
  reader.skip(2, 'reserved');
  const data = reader.rest();
  if (data.length === 0) throw new DecodeError('key exchange data', 'is empty');
  return { kind: 'KE', group, data };
}
