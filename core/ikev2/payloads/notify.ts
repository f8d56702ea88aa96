/** Notify payload (RFC 7296 §3.10). Types, protocols and data are judged by whoever expects the notify. */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { PayloadOf } from '../payload-types.ts';

export function encode(payload: PayloadOf<'N'>): Uint8Array {
  return new Writer()
    .u8(payload.protocol)
    .u8(payload.spi.length)
    .u16(payload.type)
    .bytes(payload.spi)
    .bytes(payload.data)
    .finish();
}

export function decode(body: Uint8Array): PayloadOf<'N'> {
  const reader = new Reader(body);
  const protocol = reader.u8('protocol');
  const spiLength = reader.u8('SPI size');
  const type = reader.u16('notify type');
  const spi = reader.bytes(spiLength, 'SPI');
  return { kind: 'N', type, protocol, spi, data: reader.rest() };
}
