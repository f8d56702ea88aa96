/** NAT detection hashes (RFC 7296 §2.23). */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#core/bytes/bytes.ts';
import { natDetectionHash } from '#core/ike/nat-detection.ts';

describe('natDetectionHash', () => {
  const spiI = fromHex('c15a46f81bf91e1d');

  // As strongSwan 6.0.6 logged it: its input and its hash.
  it.each([
    ['0000000000000000', '203.0.113.1', 500, '61936a91466794237ebf48dce9238ddbe88e66c8'],
    ['ecc0cd51e3487038', '203.0.113.2', 500, 'f3707e2a183f2041c6a7453ff012a59acb7ab064'],
  ])('of responder SPI %s at %s:%i', (spiR, address, port, hash) => {
    expect(toHex(natDetectionHash(spiI, fromHex(spiR), { address, port }))).toBe(hash);
  });

  it('depends on every part', () => {
    const spiR = new Uint8Array(8);
    const hash = (address: string, port: number): string =>
      toHex(natDetectionHash(spiI, spiR, { address, port }));
    const all = [hash('::', 500), hash('::', 4500), hash('::1', 500), hash('0.0.0.0', 500)];
    expect(new Set(all).size).toBe(4);
    expect(hash('0:0::0', 500)).toBe(hash('::', 500));
  });

  it('wants an address, not a name', () => {
    expect(() => natDetectionHash(spiI, spiI, { address: 'gw.example', port: 500 })).toThrow('"gw.example"');
  });
});
