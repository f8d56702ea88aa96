/** The adapter's MTU against the packets that core/esp really makes, for every suite. */
import { describe, expect, it } from 'vitest';
import { ENCRYPTION_ROWS } from '#core/crypto/encryption.ts';
import { INTEGRITY_ROWS } from '#core/crypto/integrity.ts';
import type { EspSuite } from '#core/crypto/interfaces.ts';
import { EspTransform } from '#core/esp/packet.ts';
import { tunnelMtu } from '#helper/effects/mtu.ts';

const suites: EspSuite[] = ENCRYPTION_ROWS.flatMap((encryption): EspSuite[] =>
  encryption.kind === 'aead'
    ? [{ encryption, esn: false }]
    : INTEGRITY_ROWS.map((integrity) => ({ encryption, integrity, esn: false })),
);

const OUTER = { 4: 20, 6: 40 };

/** Octets on the wire of the IP packet around an inner packet. */
function sizer(suite: EspSuite, outerFamily: 4 | 6, encapsulation: 'udp' | 'none') {
  const { encryption, integrity } = suite;
  const keys = {
    // Three different keys, as 3DES asks for.
    encryption: Uint8Array.from({ length: encryption.keyBytes + encryption.saltBytes }, (_, i) => 7 * i + 1),
    integrity: new Uint8Array(integrity?.keyBytes ?? 0),
  };
  const transform = new EspTransform(suite, keys, (length) => new Uint8Array(length));
  const around = OUTER[outerFamily] + (encapsulation === 'udp' ? 8 : 0);
  return (inner: number) => around + transform.seal(1, 1n, new Uint8Array(inner), 4).length;
}

describe('tunnelMtu', () => {
  it.each(
    suites.map((suite) => [`${suite.encryption.keyword} ${suite.integrity?.keyword ?? ''}`, suite] as const),
  )('%s: the largest that fits, and one octet more does not', (_, suite) => {
    for (const outerFamily of [4, 6] as const) {
      for (const encapsulation of ['udp', 'none'] as const) {
        const size = sizer(suite, outerFamily, encapsulation);
        // Sixteen in a row: every remainder of every block.
        for (let pathMtu = 1485; pathMtu <= 1500; pathMtu++) {
          const mtu = tunnelMtu({ pathMtu, outerFamily, suite, encapsulation, innerIpv6: true });
          expect(size(mtu)).toBeLessThanOrEqual(pathMtu);
          expect(size(mtu + 1)).toBeGreaterThan(pathMtu);
        }
      }
    }
  });

  const gcm = suites.find(({ encryption }) => encryption.keyword === 'aes128gcm16');
  const input = { outerFamily: 4, suite: gcm as EspSuite, encapsulation: 'udp' } as const;

  it('is the known number for the commonest suite on Ethernet', () => {
    // 1500 - 20 IPv4 - 8 UDP - 8 ESP - 8 IV - 16 ICV = 1440, a multiple of 4; less pad length and next header.
    expect(tunnelMtu({ ...input, pathMtu: 1500, innerIpv6: true })).toBe(1438);
  });

  it.each([
    [true, 1280],
    [false, 576],
  ])('never falls below what the family inside needs (IPv6: %s)', (innerIpv6, floor) => {
    for (const pathMtu of [0, 68, 500]) expect(tunnelMtu({ ...input, pathMtu, innerIpv6 })).toBe(floor);
  });

  it('makes no packet longer than IP can say', () => {
    const mtu = tunnelMtu({ ...input, pathMtu: 65_536, innerIpv6: true });
    expect(sizer(input.suite, 4, 'udp')(mtu)).toBeLessThanOrEqual(65_535);
  });
});
