/** Every payload codec: hex both ways, corruptions, and a round trip for any value. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { encodeBody, payloadRow, payloadTable, payloadTypeOf } from '#core/ikev2/payload-table.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { PayloadType } from '#core/registry/payload-types.ts';
import { payloadByKind } from '#test/harness/ikev2-arbitraries.ts';

type Kind = (typeof payloadTable)[number]['kind'];

function decode(kind: Kind, hex: string): Payload {
  const row = payloadRow(PayloadType[kind]);
  if (!row) throw new Error(`no codec for ${kind}`);
  return row.decode(fromHex(hex.replaceAll(/\s/g, '')));
}

const IP4_RANGE = { start: fromHex('0a000000'), end: fromHex('0a0000ff') };

/** Anything but a DecodeError is a fault of the codec and fails the test. */
function tryDecode(kind: Kind, hex: string): Payload | 'refused' {
  try {
    return decode(kind, hex);
  } catch (error) {
    if (error instanceof DecodeError) return 'refused';
    throw error;
  }
}

/** One value of every kind with its octets, written down from the figures of RFC 7296 §3. */
const EXAMPLES: readonly (readonly [Kind, string, Payload])[] = [
  [
    'SA',
    `0200002c 01010004 0300000c 0100000c 800e0080 03000008 03000002 03000008 02000002 00000008 0400000e
     00000020 02030402 aabbccdd 0300000c 01000014 800e0100 00000008 05000000`,
    {
      kind: 'SA',
      proposals: [
        {
          number: 1,
          protocol: 1,
          spi: new Uint8Array(),
          transforms: [
            { type: 1, id: 12, keyBits: 128 },
            { type: 3, id: 2 },
            { type: 2, id: 2 },
            { type: 4, id: 14 },
          ],
        },
        {
          number: 2,
          protocol: 3,
          spi: fromHex('aabbccdd'),
          transforms: [
            { type: 1, id: 20, keyBits: 256 },
            { type: 5, id: 0 },
          ],
        },
      ],
    },
  ],
  ['KE', '001f0000 0102', { kind: 'KE', group: 31, data: fromHex('0102') }],
  ['IDi', '02000000 6777', { kind: 'IDi', id: { type: 2, data: fromHex('6777') } }],
  ['IDr', '01000000 0a000001', { kind: 'IDr', id: { type: 1, data: fromHex('0a000001') } }],
  ['CERT', '04 3000', { kind: 'CERT', encoding: 4, data: fromHex('3000') }],
  ['CERTREQ', '04', { kind: 'CERTREQ', encoding: 4, authorities: new Uint8Array() }],
  ['AUTH', '02000000 ff', { kind: 'AUTH', method: 2, data: fromHex('ff') }],
  ['NONCE', '11'.repeat(16), { kind: 'NONCE', data: fromHex('11'.repeat(16)) }],
  [
    'N',
    '0000 4006 beef',
    { kind: 'N', type: 16390, protocol: 0, spi: new Uint8Array(), data: fromHex('beef') },
  ],
  [
    'N',
    '0304 4009 01020304',
    { kind: 'N', type: 16393, protocol: 3, spi: fromHex('01020304'), data: new Uint8Array() },
  ],
  ['D', '01000000', { kind: 'D', protocol: 1, spis: [] }],
  [
    'D',
    '03040002 01020304 05060708',
    { kind: 'D', protocol: 3, spis: [fromHex('01020304'), fromHex('05060708')] },
  ],
  ['V', '', { kind: 'V', data: new Uint8Array() }],
  [
    'TSi',
    '01000000 0706 0010 01bb 01bb 0a000000 0a0000ff',
    { kind: 'TSi', selectors: [{ protocol: 6, startPort: 443, endPort: 443, ...IP4_RANGE }] },
  ],
  [
    'TSr',
    `02000000 0700 0010 0000 ffff 0a000000 0a0000ff 083a 0028 ffff 0000 ${'00'.repeat(16)} ${'ff'.repeat(16)}`,
    {
      kind: 'TSr',
      selectors: [
        { protocol: 0, startPort: 0, endPort: 65535, ...IP4_RANGE },
        {
          protocol: 58,
          startPort: 65535,
          endPort: 0,
          start: new Uint8Array(16),
          end: new Uint8Array(16).fill(255),
        },
      ],
    },
  ],
  [
    'CP',
    '01000000 0001 0000 0003 0004 08080808',
    {
      kind: 'CP',
      type: 1,
      attributes: [
        { type: 1, value: new Uint8Array() },
        { type: 3, value: fromHex('08080808') },
      ],
    },
  ],
  ['EAP', '03010004', { kind: 'EAP', message: fromHex('03010004') }],
];

describe('the table', () => {
  it('has an example of every kind', () => {
    expect(new Set(EXAMPLES.map(([kind]) => kind))).toEqual(new Set(payloadTable.map(({ kind }) => kind)));
  });

  it.each(EXAMPLES)('%s %s', (kind, hex, value) => {
    expect(decode(kind, hex)).toEqual(value);
    expect(toHex(encodeBody(value))).toBe(hex.replaceAll(/\s/g, ''));
    expect(payloadTypeOf(value)).toBe(PayloadType[kind]);
  });

  it.each(EXAMPLES)('%s %s cut short is refused or is another value', (kind, hex, value) => {
    const whole = hex.replaceAll(/\s/g, '');
    for (let length = 0; length < whole.length; length += 2) {
      const cut = whole.slice(0, length);
      const decoded = tryDecode(kind, cut);
      expect(decoded).not.toEqual(value);
      expect(decoded === 'refused' || toHex(encodeBody(decoded)) === cut).toBe(true);
    }
  });

  it.each(Object.entries(payloadByKind).filter(([kind]) => kind !== 'unknown'))(
    '%s: any value goes there and back',
    (kind, values) => {
      fc.assert(
        fc.property<[Payload]>(values, (value) => {
          expect(decode(kind as Kind, toHex(encodeBody(value)))).toEqual(value);
        }),
      );
    },
  );

  it.each(payloadTable.map(({ kind }) => kind))('%s: any octets are a value or a DecodeError', (kind) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        const decoded = tryDecode(kind, toHex(octets));
        expect(decoded === 'refused' ? kind : decoded.kind).toBe(kind);
      }),
      { numRuns: 500 },
    );
  });
});

describe('refusals', () => {
  it.each<[string, Kind, string, RegExp]>([
    ['no proposal', 'SA', '', /proposal marker: needs 1/],
    [
      'a proposal shorter than its header',
      'SA',
      '00000007 010100',
      /proposal number|number of transforms|SPI size/,
    ],
    ['a proposal of length zero', 'SA', '00000000 01010000', /proposal: impossible length -4/],
    ['more transforms than counted', 'SA', '00000010 01010000 00000008 01000014', /says 0, there are 1/],
    ['fewer transforms than counted', 'SA', '00000010 01010002 00000008 01000014', /says 2, there are 1/],
    [
      'a last proposal with another behind',
      'SA',
      '00000008 01010000 00000008 02010000',
      /marker: is 0, 8 octets follow/,
    ],
    ['a proposal that promises another', 'SA', '02000008 01010000', /marker: is 2, 0 octets follow/],
    ['a marker of transforms on a proposal', 'SA', '03000008 01010000', /marker: is 3/],
    ['an ESP SPI of three octets', 'SA', '0000000b 01030300 010203', /SPI size: is 3 for ESP/],
    ['an ESP proposal without SPI', 'SA', '00000008 01030000', /SPI size: is 0 for ESP/],
    [
      'an attribute that is cut off',
      'SA',
      '00000012 01010001 0000000a 01000014 800e',
      /attribute value: needs 2/,
    ],
    [
      'an attribute longer than its transform',
      'SA',
      '00000014 01010001 0000000c 01000014 00010004',
      /attribute value: needs 4/,
    ],
    ['key exchange without data', 'KE', '001f0000', /is empty/],
    ['an IPv4 identity of five octets', 'IDi', '01000000 0a00000102', /ID_IPV4_ADDR of 5/],
    ['an IPv6 identity of four octets', 'IDr', '05000000 0a000001', /ID_IPV6_ADDR of 4/],
    ['a nonce of 15 octets', 'NONCE', '11'.repeat(15), /15 octets/],
    ['a nonce of 257 octets', 'NONCE', '11'.repeat(257), /257 octets/],
    ['a notify SPI longer than the payload', 'N', '0305 4009 01020304', /SPI: needs 5/],
    ['a Delete of IKE with an SPI', 'D', '01080001 0102030405060708', /SPI size: is 8 for IKE/],
    ['a Delete of IKE that counts SPIs', 'D', '01000001', /1 without a size/],
    ['a Delete of ESP with eight-octet SPIs', 'D', '03080001 0102030405060708', /is 8 for ESP/],
    ['a Delete of an unknown protocol', 'D', '09040001 01020304', /Security Protocol\(9\)/],
    ['a Delete that counts too many', 'D', '0304ffff 01020304', /SPI: needs 4/],
    ['a Delete that counts too few', 'D', '03040001 01020304 05060708', /4 octets too many/],
    ['no selector', 'TSi', '00000000', /is zero/],
    ['more selectors than there are', 'TSi', '02000000 07000010 0000ffff 0a000000 0a0000ff', /TS type/],
    [
      'fewer selectors than there are',
      'TSi',
      '01000000 07000010 0000ffff 0a000000 0a0000ff 00',
      /1 octets too many/,
    ],
    [
      'a selector of the wrong length',
      'TSi',
      '01000000 07000014 0000ffff 0a000000 0a0000ff 00000000',
      /4 octets too many/,
    ],
    ['a selector shorter than its header', 'TSi', '01000000 07000003', /impossible length -1/],
    [
      'a selector that ends before it starts',
      'TSr',
      '01000000 07000010 0000ffff 0a000001 0a000000',
      /starts after/,
    ],
    ['ports that end before they start', 'TSr', '01000000 07000010 00020001 0a000000 0a000000', /2 to 1/],
    ['an attribute longer than the payload', 'CP', '01000000 0001 0005 08080808', /attribute value: needs 5/],
    ['an attribute without length', 'CP', '01000000 0001', /attribute length/],
    ['an EAP length that is not the payload’s', 'EAP', '01010006 01', /says 6 of 5/],
    ['an EAP packet without length', 'EAP', '0101', /EAP length/],
  ])('%s', (_, kind, hex, why) => {
    expect(() => decode(kind, hex)).toThrow(why);
    expect(() => decode(kind, hex)).toThrow(DecodeError);
  });
});

/** The transform ENCR 20 with these attributes, as decoded. */
const transform = (attributes: string): unknown => {
  const length = (8 + attributes.length / 2).toString(16).padStart(2, '0');
  const outer = (16 + attributes.length / 2).toString(16).padStart(2, '0');
  const payload = decode('SA', `000000${outer} 01010001 000000${length} 01000014 ${attributes}`);
  return payload.kind === 'SA' ? payload.proposals[0]?.transforms[0] : undefined;
};

describe('tolerance', () => {
  it('ignores reserved octets', () => {
    expect(decode('AUTH', '02ffffff 01')).toEqual(decode('AUTH', '02000000 01'));
    expect(decode('KE', '001fffff 01')).toEqual(decode('KE', '001f0000 01'));
    expect(decode('IDi', '02ffffff 01')).toEqual(decode('IDi', '02000000 01'));
    expect(decode('CP', '01ffffff 8001 0000')).toEqual(decode('CP', '01000000 0001 0000'));
    expect(decode('SA', '00ff0010 01010001 00ff0008 01ff0014')).toEqual(
      decode('SA', '00000010 01010001 00000008 01000014'),
    );
  });

  it('marks a transform with an attribute that it does not know, in both forms', () => {
    expect(transform('800e0100')).toEqual({ type: 1, id: 20, keyBits: 256 });
    expect(transform('80110001')).toEqual({ type: 1, id: 20, unknownAttribute: true });
    expect(transform('800e010080110001')).toEqual({ type: 1, id: 20, keyBits: 256, unknownAttribute: true });
    expect(transform('00110002ffff800e0100')).toEqual({
      type: 1,
      id: 20,
      keyBits: 256,
      unknownAttribute: true,
    });
    // Key Length has the short form only, and stands once.
    expect(transform('000e00020100')).toEqual({ type: 1, id: 20, unknownAttribute: true });
    expect(transform('800e0100800e0080')).toEqual({ type: 1, id: 20, keyBits: 256, unknownAttribute: true });
  });

  it('leaves out selectors of a type that it does not know', () => {
    expect(decode('TSi', '02000000 0a00 0006 0102 0700 0010 0000 ffff 0a000000 0a0000ff')).toEqual({
      kind: 'TSi',
      selectors: [{ protocol: 0, startPort: 0, endPort: 65535, ...IP4_RANGE }],
    });
    expect(decode('TSi', '01000000 0a00 0006 0102')).toEqual({ kind: 'TSi', selectors: [] });
  });

  it('takes a proposal of a protocol that it does not know, so that the next can be chosen', () => {
    expect(decode('SA', '0000000b 01630300 010203')).toMatchObject({ proposals: [{ protocol: 99 }] });
  });
});

describe('what cannot be encoded', () => {
  const selector = { protocol: 0, startPort: 0, endPort: 65535, ...IP4_RANGE };

  it.each<[string, Payload]>([
    ['no selector', { kind: 'TSi', selectors: [] }],
    ['256 selectors', { kind: 'TSi', selectors: Array.from({ length: 256 }, () => selector) }],
    ['two families', { kind: 'TSi', selectors: [{ ...selector, end: new Uint8Array(16) }] }],
    ['an SPI with a Delete of IKE', { kind: 'D', protocol: 1, spis: [new Uint8Array(8)] }],
    ['an empty SPI', { kind: 'D', protocol: 1, spis: [new Uint8Array(0)] }],
    ['an ESP SPI of eight octets', { kind: 'D', protocol: 3, spis: [new Uint8Array(8)] }],
    ['an unknown protocol', { kind: 'D', protocol: 9, spis: [] }],
  ])('%s is a programming error', (_, payload) => {
    expect(() => encodeBody(payload)).toThrow(RangeError);
  });
});
