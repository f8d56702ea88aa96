/**
 * The header that every IKE message begins with, in the shape both versions share (RFC 7296 §3.1; RFC 2408 §3.1 has
 * the same layout with other flags). ikev1/ and ikev2/ give meaning to the flags.
 */
import { DecodeError, type Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';

export const HEADER_BYTES = 28;

export interface RawHeader {
  /** 8 octets each. */
  readonly spiI: Uint8Array;
  readonly spiR: Uint8Array;
  /** Type of the first payload. */
  readonly nextPayload: number;
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly exchange: number;
  readonly flags: number;
  readonly messageId: number;
  /** Of the whole message in octets, this header included. */
  readonly length: number;
}

export function encodeHeader(header: RawHeader): Uint8Array {
  if (header.spiI.length !== 8 || header.spiR.length !== 8) throw new RangeError('an IKE SPI has 8 octets');
  return new Writer()
    .bytes(header.spiI)
    .bytes(header.spiR)
    .u8(header.nextPayload)
    .u8((header.majorVersion << 4) | header.minorVersion)
    .u8(header.exchange)
    .u8(header.flags)
    .u32(header.messageId)
    .u32(header.length)
    .finish();
}

/** Reads the 28 octets of the header and nothing else. Throws DecodeError when there are fewer. */
export function decodeHeader(reader: Reader): RawHeader {
  const spiI = reader.bytes(8, 'initiator SPI');
  const spiR = reader.bytes(8, 'responder SPI');
  const nextPayload = reader.u8('next payload');
  const version = reader.u8('version');
  return {
    spiI,
    spiR,
    nextPayload,
    majorVersion: version >> 4,
    minorVersion: version & 0x0f,
    exchange: reader.u8('exchange type'),
    flags: reader.u8('flags'),
    messageId: reader.u32('message ID'),
    length: reader.u32('length'),
  };
}

/** The Length field must be the datagram's (a datagram holds one message: RFC 7296 §2, RFC 2408 §3.1). */
export function checkLength(header: RawHeader, datagram: Uint8Array): void {
  if (header.length !== datagram.length) {
    throw new DecodeError('length', `says ${header.length}, the datagram has ${datagram.length} octets`);
  }
}
