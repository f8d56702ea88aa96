/** The IKE header (RFC 7296 §3.1). */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { checkLength, decodeHeader, encodeHeader } from '#core/ike/header.ts';

/** IKEv2 and IKEv1: the same layout, other versions and flags. */
const V2 = '8f54bf6d8b48e6e1000000000000000021202208000000000000001c';
const V1 = 'e9d518f4f1fd71b066b0e45bae8542e3081005012b00003c0000001c';

describe('the IKE header', () => {
  it.each([V2, V1])('goes there and back: %s', (hex) => {
    expect(toHex(encodeHeader(decodeHeader(new Reader(fromHex(hex)))))).toBe(hex);
  });

  it('has its fields where the RFC draws them', () => {
    expect(decodeHeader(new Reader(fromHex(V1)))).toEqual({
      spiI: fromHex('e9d518f4f1fd71b0'),
      spiR: fromHex('66b0e45bae8542e3'),
      nextPayload: 8,
      majorVersion: 1,
      minorVersion: 0,
      exchange: 5,
      flags: 1,
      messageId: 0x2b00003c,
      length: 28,
    });
  });

  it('is refused at every shorter length', () => {
    for (let length = 0; length < 28; length++) {
      expect(() => decodeHeader(new Reader(fromHex(V2).subarray(0, length)))).toThrow(DecodeError);
    }
  });

  it('must say the length of its datagram', () => {
    const bytes = fromHex(V2);
    const header = decodeHeader(new Reader(bytes));
    expect(() => {
      checkLength(header, bytes);
    }).not.toThrow();
    expect(() => {
      checkLength(header, fromHex(`${V2}00`));
    }).toThrow(new DecodeError('length', 'says 28, the datagram has 29 octets'));
  });

  it('takes no SPI of another length', () => {
    const header = decodeHeader(new Reader(fromHex(V2)));
    expect(() => encodeHeader({ ...header, spiR: new Uint8Array(4) })).toThrow(RangeError);
  });
});
