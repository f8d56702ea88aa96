/** Addresses, prefixes and ranges: text, order, arithmetic. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareIp,
  equalIp,
  formatIp,
  formatPrefix,
  type IpAddress,
  parseIp,
  parsePrefix,
  prefixToRange,
  rangeToPrefixes,
} from '#core/net/address.ts';
import { ip } from '#test/harness/ikev2-arbitraries.ts';

const parsed = (text: string): IpAddress => {
  const address = parseIp(text);
  if (!address) throw new Error(`${text} is refused`);
  return address;
};

describe('text of addresses', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    // The examples of RFC 5952 §4.
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7.8.9.10', '1:2:3:4:5:6:708:90a'],
  ])('%s is %s', (text, canonical) => {
    expect(formatIp(parsed(text))).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.-4',
    '0x1.2.3.4',
    '1..3.4',
    ':',
    ':::',
    '::1::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '[::1]',
    '::1.2.3.4:5',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3',
    'localhost',
  ])('"%s" is refused', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('goes there and back for every address', () => {
    fc.assert(
      fc.property(ip, (address) => {
        expect(parseIp(formatIp(address))).toEqual(address);
      }),
    );
  });

  it('reads what it prints, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefg:./%[]')) }), (text) => {
        const address = parseIp(text);
        expect(address && parseIp(formatIp(address))).toEqual(address);
      }),
    );
  });

  it('refuses to format what is no address', () => {
    expect(() => formatIp(new Uint8Array(5))).toThrow(RangeError);
  });
});

const range = (text: string): string[] => {
  const { start, end } = prefixToRange(parsePrefix(text) ?? { address: new Uint8Array(4), length: 0 });
  return [formatIp(start), formatIp(end)];
};

describe('prefixes', () => {
  it.each(['10.0.0.0/8', '10.1.2.3/24', '0.0.0.0/0', '::/0', '2001:db8::/32', '::1/128'])('%s', (text) => {
    const prefix = parsePrefix(text);
    expect(prefix && formatPrefix(prefix)).toBe(text);
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '/8',
    '10.0.0.0/8/8',
  ])('"%s" is refused', (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  });

  it('span from the first to the last address, whatever the host bits', () => {
    expect(range('10.1.2.3/20')).toEqual(['10.1.0.0', '10.1.15.255']);
    expect(range('0.0.0.0/0')).toEqual(['0.0.0.0', '255.255.255.255']);
    expect(range('2001:db8::1/127')).toEqual(['2001:db8::', '2001:db8::1']);
  });

  it.each([
    ['10.0.0.0', '10.0.0.255', ['10.0.0.0/24']],
    ['10.0.0.1', '10.0.0.6', ['10.0.0.1/32', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/32']],
    ['0.0.0.0', '255.255.255.255', ['0.0.0.0/0']],
    [
      '0.0.0.1',
      '255.255.255.255',
      Array.from({ length: 32 }, (_, i) => i).map((i) => `${formatIp(power(i))}/${32 - i}`),
    ],
    ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', ['::/0']],
    ['10.0.0.2', '10.0.0.1', []],
    ['10.0.0.2', '::1', []],
  ] as const)('cover %s to %s', (start, end, prefixes) => {
    expect(rangeToPrefixes(parsed(start), parsed(end)).map(formatPrefix)).toEqual(prefixes);
  });

  it('cover a range without gap or overlap, and with the fewest', () => {
    fc.assert(
      fc.property(ip, fc.bigInt({ min: 0n, max: 1n << 70n }), (start, size) => {
        const end = plus(start, size);
        const prefixes = rangeToPrefixes(start, end);
        const ranges = prefixes.map(prefixToRange);
        expect(ranges[0]?.start).toEqual(start);
        expect(ranges.at(-1)?.end).toEqual(end);
        for (const [i, range] of ranges.slice(1).entries()) {
          expect(plus(ranges[i]?.end ?? start, 1n)).toEqual(range.start);
        }
        // Fewest: no neighbours are the two halves of one prefix.
        for (const [i, right] of prefixes.slice(1).entries()) {
          const left = prefixes[i] ?? right;
          const whole = prefixToRange({ address: left.address, length: left.length - 1 });
          expect(left.length === right.length && equalIp(whole.start, left.address)).toBe(false);
        }
      }),
    );
  });
});

/** 2 to the power of i, as an IPv4 address. */
function power(i: number): IpAddress {
  return Uint8Array.of(24, 16, 8, 0).map((shift) => Number((1n << BigInt(i)) >> BigInt(shift)) & 0xff);
}

function plus(address: IpAddress, n: bigint): IpAddress {
  const bits = BigInt(address.length * 8);
  const max = (1n << bits) - 1n;
  const value = BigInt(`0x${Buffer.from(address).toString('hex')}`) + n;
  const text = (value > max ? max : value).toString(16).padStart(address.length * 2, '0');
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

describe('order', () => {
  it('is that of numbers, IPv4 first', () => {
    const sorted = ['::', '10.0.0.10', '10.0.0.9', '::1', '9.255.255.255'].map(parsed).sort(compareIp);
    expect(sorted.map(formatIp)).toEqual(['9.255.255.255', '10.0.0.9', '10.0.0.10', '::', '::1']);
  });

  it('knows equals', () => {
    expect(equalIp(parsed('10.0.0.1'), parsed('10.0.0.1'))).toBe(true);
    expect(equalIp(parsed('0.0.0.0'), parsed('::'))).toBe(false);
  });
});
