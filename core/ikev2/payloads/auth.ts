/** Authentication payload (RFC 7296 §3.8). */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'AUTH'>): Uint8Array {
  return new Writer().u8(payload.method).zeros(3).bytes(payload.data).finish();
}

export function decode(body: Uint8Array): PayloadOf<'AUTH'> {
  const reader = new Reader(body);
  const method = reader.u8('authentication method');
  reader.skip(3, 'reserved');
  return { kind: 'AUTH', method, data: reader.rest() };
}
