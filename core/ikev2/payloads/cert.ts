/** Certificate payload (RFC 7296 §3.6). */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'CERT'>): Uint8Array {
  return new Writer().u8(payload.encoding).bytes(payload.data).finish();
}

export function decode(body: Uint8Array): PayloadOf<'CERT'> {
  const reader = new Reader(body);
  return { kind: 'CERT', encoding: reader.u8('certificate encoding'), data: reader.rest() };
}
