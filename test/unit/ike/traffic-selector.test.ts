/** Traffic selectors (RFC 7296 §3.13): text, narrowing (§2.9), packets that match. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  containsSelector,
  equalSelectors,
  formatTrafficSelector,
  intersectSelectors,
  matchesPacket,
  narrow,
  type PacketEnd,
  parseTrafficSelector,
  type TrafficSelector,
} from '#core/ike/traffic-selector.ts';
import { formatIp, parseIp } from '#core/net/address.ts';
import { selector } from '#test/harness/ikev2-arbitraries.ts';

const ts = (text: string): TrafficSelector => {
  const parsed = parseTrafficSelector(text);
  if (parsed?.kind !== 'fixed') throw new Error(`${text} is refused`);
  return parsed.selector;
};
const all = (...texts: string[]): TrafficSelector[] => texts.map(ts);
const texts = (selectors: readonly TrafficSelector[]): string[] => selectors.map(formatTrafficSelector);

describe('text of selectors', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0', '10.255.255.255', 0, 0, 65535, '10.0.0.0/8'],
    ['10.1.2.3/8', '10.0.0.0', '10.255.255.255', 0, 0, 65535, '10.0.0.0/8'],
    ['10.0.0.1', '10.0.0.1', '10.0.0.1', 0, 0, 65535, '10.0.0.1/32'],
    ['10.0.0.1-10.0.0.9', '10.0.0.1', '10.0.0.9', 0, 0, 65535, '10.0.0.1-10.0.0.9'],
    ['10.0.0.0 - 10.0.0.255', '10.0.0.0', '10.0.0.255', 0, 0, 65535, '10.0.0.0/24'],
    ['2001:db8::/32', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', 0, 0, 65535, '2001:db8::/32'],
    ['10.0.0.0/8[tcp]', '10.0.0.0', '10.255.255.255', 6, 0, 65535, '10.0.0.0/8[tcp]'],
    ['10.0.0.0/8[TCP/443]', '10.0.0.0', '10.255.255.255', 6, 443, 443, '10.0.0.0/8[tcp/443]'],
    ['10.0.0.0/8[17/1000-2000]', '10.0.0.0', '10.255.255.255', 17, 1000, 2000, '10.0.0.0/8[udp/1000-2000]'],
    ['::/0[udp/opaque]', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 17, 65535, 0, '::/0[udp/opaque]'],
    ['10.0.0.1[udp/any]', '10.0.0.1', '10.0.0.1', 17, 0, 65535, '10.0.0.1/32[udp]'],
    ['10.0.0.1[any/53]', '10.0.0.1', '10.0.0.1', 0, 53, 53, '10.0.0.1/32[any/53]'],
    ['10.0.0.1[any]', '10.0.0.1', '10.0.0.1', 0, 0, 65535, '10.0.0.1/32'],
    ['10.0.0.1[icmp/8]', '10.0.0.1', '10.0.0.1', 1, 0x800, 0x8ff, '10.0.0.1/32[icmp/8]'],
    ['10.0.0.1[icmp/3(1)]', '10.0.0.1', '10.0.0.1', 1, 0x301, 0x301, '10.0.0.1/32[icmp/3(1)]'],
    ['10.0.0.1[icmp/3(1)-4(2)]', '10.0.0.1', '10.0.0.1', 1, 0x301, 0x402, '10.0.0.1/32[icmp/3(1)-4(2)]'],
    ['::1[ipv6-icmp/128-129]', '::1', '::1', 58, 0x8000, 0x81ff, '::1/128[ipv6-icmp/128-129]'],
    ['10.0.0.1[253]', '10.0.0.1', '10.0.0.1', 253, 0, 65535, '10.0.0.1/32[253]'],
  ])('%s', (text, start, end, protocol, startPort, endPort, canonical) => {
    const parsed = ts(text);
    expect({ ...parsed, start: formatIp(parsed.start), end: formatIp(parsed.end) }).toEqual({
      protocol,
      startPort,
      endPort,
      start,
      end,
    });
    expect(formatTrafficSelector(parsed)).toBe(canonical);
  });

  it.each([
    ['dynamic', { protocol: 0, startPort: 0, endPort: 65535 }],
    ['dynamic[tcp/443]', { protocol: 6, startPort: 443, endPort: 443 }],
    ['[udp/1000-2000]', { protocol: 17, startPort: 1000, endPort: 2000 }],
  ])('%s waits for an address', (text, upper) => {
    expect(parseTrafficSelector(text)).toEqual({ kind: 'dynamic', upper });
  });

  it.each([
    '',
    'gw.example',
    '10.0.0.0/33',
    '10.0.0.9-10.0.0.1',
    '10.0.0.1-::1',
    '10.0.0.1-10.0.0.2-10.0.0.3',
    '10.0.0.1-',
    '10.0.0.0/8-10.0.0.9',
    '10.0.0.0/8[',
    '10.0.0.0/8]',
    '10.0.0.0/8[]',
    '10.0.0.0/8[tcp/]',
    '10.0.0.0/8[tcp/443',
    '10.0.0.0/8[tcp/443]x',
    '10.0.0.0/8[tcp/443/1]',
    '10.0.0.0/8[tcp/65536]',
    '10.0.0.0/8[tcp/0443]',
    '10.0.0.0/8[tcp/9-1]',
    '10.0.0.0/8[tcp/1-2-3]',
    '10.0.0.0/8[nonsense]',
    '10.0.0.0/8[256]',
    '10.0.0.0/8[icmp/256]',
    '10.0.0.0/8[icmp/8(256)]',
    '10.0.0.0/8[icmp/8(]',
    '10.0.0.0/8 10.0.0.0/8',
  ])('"%s" is refused', (text) => {
    expect(parseTrafficSelector(text)).toBeUndefined();
  });

  it('goes there and back for every selector', () => {
    fc.assert(
      fc.property(selector, (one) => {
        expect(ts(formatTrafficSelector(one))).toEqual(one);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('intersection', () => {
  it.each([
    ['10.0.0.0/8', '10.1.0.0/16', '10.1.0.0/16'],
    ['10.0.0.0-10.0.0.9', '10.0.0.5-10.0.0.20', '10.0.0.5-10.0.0.9'],
    ['10.0.0.0/8', '11.0.0.0/8', undefined],
    ['0.0.0.0/0', '::/0', undefined],
    ['10.0.0.0/8[tcp]', '0.0.0.0/0', '10.0.0.0/8[tcp]'],
    ['10.0.0.0/8[tcp]', '10.0.0.0/8[udp]', undefined],
    ['10.0.0.0/8[tcp/1-10]', '10.0.0.0/8[tcp/5-20]', '10.0.0.0/8[tcp/5-10]'],
    ['10.0.0.0/8[tcp/1-10]', '10.0.0.0/8[tcp/11]', undefined],
    ['10.0.0.0/8[tcp/opaque]', '10.0.0.0/8', '10.0.0.0/8[tcp/opaque]'],
    ['10.0.0.0/8[tcp/opaque]', '10.0.0.0/8[tcp/80]', undefined],
    ['10.0.0.0/8[tcp/opaque]', '10.0.0.0/8[tcp/opaque]', '10.0.0.0/8[tcp/opaque]'],
  ])('of %s and %s is %s', (a, b, both) => {
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const found = intersectSelectors(ts(x), ts(y));
      expect(found && formatTrafficSelector(found)).toBe(both);
    }
  });

  it('lies in both, and is the smaller where one contains the other', () => {
    fc.assert(
      fc.property(selector, selector, (a, b) => {
        const both = intersectSelectors(a, b);
        expect(containsSelector(a, a)).toBe(true);
        expect(containsSelector(a, b)).toBe(both !== undefined && equalSelectors(both, b));
        expect(both === undefined || (containsSelector(a, both) && containsSelector(b, both))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('narrowing (RFC 7296 §2.9)', () => {
  it.each<[string, string[], string[], string[]]>([
    ['everything to what is allowed', ['0.0.0.0/0', '::/0'], ['10.88.0.1/32'], ['10.88.0.1/32']],
    ['nothing in common', ['10.0.0.0/8'], ['192.168.0.0/16'], []],
    [
      'the offer where all of it is allowed',
      ['10.1.0.0/16', '10.3.0.0/16'],
      ['10.0.0.0/8'],
      ['10.1.0.0/16', '10.3.0.0/16'],
    ],
    // The example of §2.9: the first selector is the packet that began it.
    [
      'the packet that began it stays',
      ['192.0.2.43/32[tcp/5000]', '192.0.2.0/24'],
      ['192.0.2.32-192.0.2.63'],
      ['192.0.2.32/27'],
    ],
    [
      'the packet that began it comes first',
      ['10.2.0.1/32[udp/53]', '10.0.0.0/8'],
      ['10.1.0.0/16', '10.2.0.0/16'],
      ['10.2.0.0/16', '10.1.0.0/16'],
    ],
    [
      'a packet that is not allowed does not matter',
      ['10.9.0.1', '10.0.0.0/8'],
      ['10.1.0.0/16'],
      ['10.1.0.0/16'],
    ],
    [
      'protocols and ports',
      ['10.0.0.0/8[tcp]'],
      ['10.1.0.0/16[tcp/443]', '10.1.0.0/16[udp]'],
      ['10.1.0.0/16[tcp/443]'],
    ],
    ['doubles once', ['10.0.0.0/8', '10.0.0.0/8'], ['10.0.0.0/8', '0.0.0.0/0'], ['10.0.0.0/8']],
    [
      'IPv4 and IPv6',
      ['0.0.0.0/0', '::/0'],
      ['2001:db8::/32', '10.0.0.0/8'],
      ['10.0.0.0/8', '2001:db8::/32'],
    ],
  ])('%s', (_, offered, allowed, narrowed) => {
    expect(texts(narrow(all(...offered), all(...allowed)))).toEqual(narrowed);
  });

  it('allows no packet that one side did not, refuses none that both did, and repeats nothing', () => {
    const some = fc.array(selector, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(some, some, (offered, allowed) => {
        const narrowed = narrow(offered, allowed);
        for (const one of narrowed) {
          expect(offered.some((wide) => containsSelector(wide, one))).toBe(true);
          expect(allowed.some((wide) => containsSelector(wide, one))).toBe(true);
          expect(narrowed.filter((other) => containsSelector(other, one))).toEqual([one]);
        }
        const shared = offered
          .flatMap((a) => allowed.map((b) => intersectSelectors(a, b)))
          .filter((both) => both !== undefined);
        for (const both of shared) {
          expect(narrowed.some((wide) => containsSelector(wide, both))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('fits one payload, and keeps the first selector', () => {
    const offered = Array.from({ length: 300 }, (_, i) => ts(`10.${i >> 8}.${i & 255}.1`));
    const narrowed = narrow(offered, all('0.0.0.0/0'));
    expect(narrowed).toHaveLength(255);
    expect(texts(narrowed)[0]).toBe('10.0.0.1/32');
  });
});

const packet = (protocol: number, address: string, port?: number): PacketEnd => ({
  protocol,
  address: parseIp(address) ?? new Uint8Array(),
  ...(port === undefined ? {} : { port }),
});

describe('packets', () => {
  it.each([
    ['10.0.0.0/8', packet(6, '10.1.2.3', 80), true],
    ['10.0.0.0/8', packet(6, '11.1.2.3', 80), false],
    ['10.0.0.0/8', packet(6, '::1', 80), false],
    ['10.0.0.2-10.0.0.4', packet(6, '10.0.0.1'), false],
    ['10.0.0.2-10.0.0.4', packet(6, '10.0.0.4'), true],
    ['10.0.0.2-10.0.0.4', packet(6, '10.0.0.5'), false],
    ['10.0.0.0/8[udp]', packet(6, '10.1.2.3', 80), false],
    ['10.0.0.0/8[udp]', packet(17, '10.1.2.3'), true],
    ['10.0.0.0/8[tcp/80-90]', packet(6, '10.1.2.3', 90), true],
    ['10.0.0.0/8[tcp/80-90]', packet(6, '10.1.2.3', 91), false],
    ['10.0.0.0/8[tcp/80-90]', packet(6, '10.1.2.3'), false],
    ['10.0.0.0/8[tcp/opaque]', packet(6, '10.1.2.3'), true],
    ['10.0.0.0/8[tcp/opaque]', packet(6, '10.1.2.3', 80), false],
    ['10.0.0.0/8[icmp/8]', packet(1, '10.1.2.3', 0x800), true],
    ['10.0.0.0/8[icmp/8]', packet(1, '10.1.2.3', 0), false],
  ])('%s', (text, one, matches) => {
    expect(matchesPacket(ts(text), one)).toBe(matches);
  });
});
