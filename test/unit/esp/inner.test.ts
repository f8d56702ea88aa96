/** What the selectors read of an inner packet, in any octets. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInner } from '#core/esp/inner.ts';
import { parseIp } from '#core/net/address.ts';
import { ipv4, ipv4Udp, ipv6, ipv6Udp } from '#test/harness/ip-packets.ts';

const V4 = ['10.0.0.1', '10.0.0.2'] as const;
const V6 = ['fd00::1', 'fd00::2'] as const;
const PORTS = Uint8Array.of(0x03, 0xe8, 0x07, 0xd0, 0, 0, 0, 0);
const seen = (packet: Uint8Array) => {
  const inner = parseInner(packet);
  return inner && [inner.nextHeader, inner.protocol, inner.sourcePort, inner.destinationPort, inner.length];
};

/** An extension header of 8 octets. */
const extension = (next: number, second = 0, third = 0, fourth = 0) =>
  Uint8Array.of(next, second, third, fourth, 0, 0, 0, 0);
const join = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

describe('an inner packet', () => {
  it('shows its addresses', () => {
    for (const [source, destination, packet] of [
      [...V4, ipv4(...V4, 6, PORTS)],
      [...V6, ipv6(...V6, 6, PORTS)],
    ] as const) {
      expect(parseInner(packet)).toMatchObject({
        source: parseIp(source),
        destination: parseIp(destination),
      });
    }
  });

  const cases: [string, Uint8Array, ReturnType<typeof seen>][] = [
    [
      'UDP over IPv4',
      ipv4Udp({ source: V4[0], destination: V4[1], payload: PORTS }),
      [4, 17, 1000, 2000, 36],
    ],
    [
      'UDP over IPv6',
      ipv6Udp({ source: V6[0], destination: V6[1], payload: PORTS }),
      [41, 17, 1000, 2000, 56],
    ],
    ['TCP', ipv4(...V4, 6, PORTS), [4, 6, 1000, 2000, 28]],
    ['SCTP', ipv4(...V4, 132, PORTS), [4, 132, 1000, 2000, 28]],
    ['DCCP', ipv6(...V6, 33, PORTS), [41, 33, 1000, 2000, 48]],
    ['UDP-Lite', ipv6(...V6, 136, PORTS), [41, 136, 1000, 2000, 48]],
    ['ICMP: type and code', ipv4(...V4, 1, Uint8Array.of(8, 0, 1, 2)), [4, 1, 0x800, 0x800, 24]],
    ['ICMPv6: type and code', ipv6(...V6, 58, Uint8Array.of(3, 1, 1, 2)), [41, 58, 0x301, 0x301, 44]],
    ['GRE has no ports', ipv4(...V4, 47, PORTS), [4, 47, undefined, undefined, 28]],
    ['TCP cut before its ports', ipv4(...V4, 6, PORTS.subarray(0, 3)), [4, 6, undefined, undefined, 23]],
    ['nothing after the header', ipv4(...V4, 6, new Uint8Array(0)), [4, 6, undefined, undefined, 20]],
    ['first fragment of IPv4', ipv4(...V4, 17, PORTS, 0x2000), [4, 17, 1000, 2000, 28]],
    ['later fragment of IPv4', ipv4(...V4, 17, PORTS, 1), [4, 17, undefined, undefined, 28]],
    [
      'first fragment of IPv6',
      ipv6(...V6, 44, join(extension(17, 0, 0, 1), PORTS)),
      [41, 17, 1000, 2000, 56],
    ],
    [
      'later fragment of IPv6',
      ipv6(...V6, 44, join(extension(17, 0, 0, 8), PORTS)),
      [41, 17, undefined, undefined, 56],
    ],
    [
      'later fragment of IPv6 that begins inside an extension header',
      ipv6(...V6, 44, join(extension(60, 0, 0, 8), PORTS)),
      [41, 60, undefined, undefined, 56],
    ],
    [
      'extension headers of every kind',
      ipv6(
        ...V6,
        0,
        join(extension(60), extension(43, 0), extension(51), extension(44, 0), extension(6, 0, 0, 1), PORTS),
      ),
      [41, 6, 1000, 2000, 88],
    ],
    ['an unknown upper protocol', ipv6(...V6, 139, PORTS), [41, 139, undefined, undefined, 48]],
    ['traffic flow padding behind it', join(ipv4(...V4, 6, PORTS), PORTS), [4, 6, 1000, 2000, 28]],
    [
      'version 5',
      Uint8Array.from(ipv4(...V4, 6, PORTS), (octet, at) => (at === 0 ? 0x55 : octet)),
      undefined,
    ],
    [
      'a header length of 16',
      Uint8Array.from(ipv4(...V4, 6, PORTS), (o, at) => (at === 0 ? 0x44 : o)),
      undefined,
    ],
    [
      'a length below its header',
      Uint8Array.from(ipv4(...V4, 6, PORTS), (o, at) => (at === 3 ? 19 : o)),
      undefined,
    ],
    ['a length past its end', ipv4(...V4, 6, PORTS).subarray(0, 27), undefined],
    [
      'a header of 60 in 28 octets',
      Uint8Array.from(ipv4(...V4, 6, PORTS), (o, at) => (at === 0 ? 0x4f : o)),
      undefined,
    ],
    ['IPv6 with a length past its end', ipv6(...V6, 6, PORTS).subarray(0, 47), undefined],
    ['an extension header past the end', ipv6(...V6, 0, extension(6, 1)), undefined],
    ['an extension header cut', ipv6(...V6, 0, extension(6).subarray(0, 7)), undefined],
    [
      'more extension headers than anybody needs',
      ipv6(...V6, 0, join(...Array.from({ length: 9 }, () => extension(0)))),
      undefined,
    ],
    ['nothing at all', new Uint8Array(0), undefined],
  ];

  it.each(cases)('%s', (_, packet, expected) => {
    expect(seen(packet)).toEqual(expected);
  });

  it('goes on through eight extension headers', () => {
    const headers = Array.from({ length: 8 }, (_, at) => extension(at === 7 ? 6 : 60));
    expect(seen(ipv6(...V6, 60, join(...headers, PORTS)))).toEqual([41, 6, 1000, 2000, 112]);
  });

  it('is found or refused in any octets, and never reaches past them', () => {
    // The header says the true length or less, or more at times: none of random ones fits.
    const headed = fc
      .tuple(
        fc.constantFrom(0x45, 0x46, 0x60, 0x4f),
        fc.uint8Array({ minLength: 5, maxLength: 120 }),
        fc.integer({ min: -20, max: 4 }),
      )
      .map(([first, rest, more]) => {
        const packet = Uint8Array.of(first, ...rest);
        const [at, said] = first === 0x60 ? [4, packet.length - 40 + more] : [2, packet.length + more];
        new DataView(packet.buffer).setUint16(at, Math.max(0, said));
        return packet;
      });
    let found = 0;
    fc.assert(
      fc.property(headed, (packet) => {
        const inner = parseInner(packet);
        if (!inner) return;
        found++;
        expect(inner.length).toBeLessThanOrEqual(packet.length);
        expect(inner.source.length).toBe(inner.nextHeader === 4 ? 4 : 16);
        expect(inner.destination.length).toBe(inner.source.length);
        expect(inner.sourcePort ?? 0).toBeLessThanOrEqual(0xffff);
      }),
      { numRuns: 1000 },
    );
    expect(found).toBeGreaterThan(100);
    expect(found).toBeLessThan(900);
  });
});
