/** Nonce payload, Ni and Nr (RFC 7296 §3.9): 16 to 256 octets. */
import { DecodeError } from '#core/bytes/reader.ts';
import type { PayloadOf } from '../payload-types.ts';

const MIN_BYTES = 16;
const MAX_BYTES = 256;

export function encode(payload: PayloadOf<'NONCE'>): Uint8Array {
  return payload.data.slice();
}

export function decode(body: Uint8Array): PayloadOf<'NONCE'> {
  if (body.length < MIN_BYTES || body.length > MAX_BYTES) {
    throw new DecodeError('nonce', `${body.length} octets are not in ${MIN_BYTES}..${MAX_BYTES}`);
  }
  return { kind: 'NONCE', data: body };
}
