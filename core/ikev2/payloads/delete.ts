/** Delete payload (RFC 7296 §3.11): the IKE SA that carries it, without an SPI, or Child SAs by the sender's inbound SPIs. */
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { SecurityProtocol, securityProtocols } from '#core/registry/security-protocols.ts';
import type { PayloadOf } from '../payload-types.ts';

/** An IKE SA is named by the header, so its SPI is left out here. */
function spiBytesOf(protocol: number): number | undefined {
  return protocol === SecurityProtocol.IKE ? 0 : securityProtocols.row(protocol)?.spiBytes;
}

export function encode(payload: PayloadOf<'D'>): Uint8Array {
  const spiBytes = spiBytesOf(payload.protocol);
  if (spiBytes === undefined || payload.spis.some(({ length }) => length !== spiBytes || length === 0)) {
    throw new RangeError(`cannot delete these SPIs of protocol ${payload.protocol}`);
  }
  const writer = new Writer().u8(payload.protocol).u8(spiBytes).u16(payload.spis.length);
  return payload.spis.reduce((w, spi) => w.bytes(spi), writer).finish();
}

export function decode(body: Uint8Array): PayloadOf<'D'> {
  const reader = new Reader(body);
  const protocol = reader.u8('protocol');
  const spiLength = reader.u8('SPI size');
  const count = reader.u16('number of SPIs');
  const expected = spiBytesOf(protocol);
  if (spiLength !== expected) {
    throw new DecodeError('SPI size', `is ${spiLength} for ${securityProtocols.nameOf(protocol)}`);
  }
  if (spiLength === 0 && count > 0) throw new DecodeError('number of SPIs', `${count} without a size`);
  const spis = Array.from({ length: count }, () => reader.bytes(spiLength, 'SPI'));
  reader.end('Delete payload');
  return { kind: 'D', protocol, spis };
}
