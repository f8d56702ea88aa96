/** Extensible Authentication Protocol payload (RFC 7296 §3.16): one EAP packet (RFC 3748 §4), which eap/ reads. */
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import type { PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'EAP'>): Uint8Array {
  return payload.message.slice();
}

export function decode(body: Uint8Array): PayloadOf<'EAP'> {
  const reader = new Reader(body);
  reader.skip(2, 'EAP code and identifier');
  const length = reader.u16('EAP length');
  if (length !== body.length) throw new DecodeError('EAP length', `says ${length} of ${body.length} octets`);
  return { kind: 'EAP', message: body };
}
