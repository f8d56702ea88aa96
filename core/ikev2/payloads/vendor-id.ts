/** Vendor ID payload (RFC 7296 §3.12). */
import type { PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'V'>): Uint8Array {
  return payload.data.slice();
}

export function decode(body: Uint8Array): PayloadOf<'V'> {
  return { kind: 'V', data: body };
}
