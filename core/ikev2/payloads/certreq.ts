/** Certificate Request payload (RFC 7296 §3.7): SHA-1 hashes of CA keys in a row, 20 octets each, for X.509. */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'CERTREQ'>): Uint8Array {
  return new Writer().u8(payload.encoding).bytes(payload.authorities).finish();
}

export function decode(body: Uint8Array): PayloadOf<'CERTREQ'> {
  const reader = new Reader(body);
  return { kind: 'CERTREQ', encoding: reader.u8('certificate encoding'), authorities: reader.rest() };
}
