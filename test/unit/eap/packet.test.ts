/** The codec of EAP packets, RFC 3748 §4 and §5. */
import { describe, expect, it } from 'vitest';
import { EMPTY, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { decodeEap, decodeNak, type EapMessage, encodeEap, encodeNak, nameOfType } from '#core/eap/packet.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';

const request = (hex: string): EapMessage => {
  const packet = decodeEap(fromHex(hex));
  if (!('data' in packet)) throw new Error('not a message');
  return packet;
};

describe('a request or response', () => {
  it('keeps its parts', () => {
    const identity = { code: 'response', identifier: 7, vendor: 0, type: 1, expanded: false } as const;
    const bytes = encodeEap({ ...identity, data: utf8('alice') });
    expect(toHex(bytes)).toBe('0207000a01616c696365');
    expect(decodeEap(bytes)).toEqual({ ...identity, data: utf8('alice') });
  });

  it('has a vendor in its expanded form', () => {
    const packet = request('0109000efe000137000000220000');
    expect(packet).toMatchObject({ vendor: 311, type: 34, expanded: true });
    expect(nameOfType(packet)).toBe('vendor 311 type 34');
    expect(toHex(encodeEap(packet))).toBe('0109000efe000137000000220000');
  });

  it('of vendor 0 is the type of the IETF', () => {
    const packet = request('0109000efe0000000000001a0102');
    expect(packet).toMatchObject({ vendor: 0, type: 26, expanded: true });
    expect(nameOfType(packet)).toBe('MSCHAPv2');
  });

  it('ends where Length says, whatever follows', () => {
    expect(request('010100060161ffff').data).toEqual(utf8('a'));
  });
});

describe('Success and Failure', () => {
  it('are four octets', () => {
    expect(decodeEap(fromHex('03050004'))).toEqual({ code: 'success', identifier: 5, trailer: EMPTY });
    expect(toHex(encodeEap({ code: 'failure', identifier: 5, trailer: EMPTY }))).toBe('04050004');
  });

  it('keep a fifth octet, which FortiGate uses', () => {
    expect(decodeEap(fromHex('0305000506'))).toMatchObject({ trailer: Uint8Array.of(6) });
  });
});

describe('refused with a DecodeError', () => {
  it.each([
    ['nothing', ''],
    ['a header cut short', '010203'],
    ['code 0', '00010004'],
    ['code 5', '05010004'],
    ['a length below the header', '01010003'],
    ['a length beyond the octets', '0101000801'],
    ['a request without a type', '01010004'],
    ['an expanded type cut short', '01020007fe0028'],
  ])('%s', (_, hex) => {
    expect(() => decodeEap(fromHex(hex))).toThrow(DecodeError);
  });
});

describe('Nak', () => {
  it('names what is wanted in place of a legacy request', () => {
    const nak = encodeNak(request('0109000604ff'), [
      { vendor: 0, type: 26 },
      { vendor: 9, type: 1 },
      { vendor: 0, type: 13 },
    ]);
    expect(toHex(nak)).toBe('02090007031a0d');
    expect(decodeNak(request(toHex(nak)))).toEqual([
      { vendor: 0, type: 26 },
      { vendor: 0, type: 13 },
    ]);
  });

  it('wants nothing with type 0', () => {
    expect(toHex(encodeNak(request('0109000604ff'), []))).toBe('020900060300');
    expect(decodeNak(request('020900060300'))).toEqual([]);
  });

  it('is expanded in answer to an expanded request', () => {
    const nak = encodeNak(request('0109000cfe00013700000022'), [{ vendor: 0, type: 26 }]);
    expect(toHex(nak)).toBe('02090014fe00000000000003fe0000000000001a');
    expect(decodeNak(request(toHex(nak)))).toEqual([{ vendor: 0, type: 26 }]);
  });

  it('is refused with a legacy type among expanded ones', () => {
    expect(() => decodeNak(request('0209000dfe000000000000031a'))).toThrow(DecodeError);
  });
});

describeWithVectors('free5gc-ike', (readJson) => {
  const entries = (file: string) =>
    (readJson(file) as { entries: { name: string; hex: string }[] }).entries.map(
      ({ name, hex }) => [name, hex] as const,
    );

  it.each(entries('eap.json').filter(([name]) => name.endsWith('Byte')))('%s survives a round', (_, hex) => {
    expect(toHex(encodeEap(decodeEap(fromHex(hex))))).toBe(hex);
  });

  it.each(entries('eap.json').filter(([name]) => name === 'b'))('%s: %s is refused', (_, hex) => {
    expect(() => decodeEap(fromHex(hex))).toThrow(DecodeError);
  });
});
