/** core/bytes/writer.ts: network byte order, patches, and numbers that do not fit. */
import { describe, expect, it } from 'vitest';
import { toHex } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';

describe('Writer', () => {
  it('writes in network byte order and patches what it wrote', () => {
    const writer = new Writer().u8(1).u16(0).u32(0).u64(0x0102030405060708n).bytes(Uint8Array.of(9)).zeros(2);
    expect(writer.length).toBe(18);
    expect(toHex(writer.patchU16(1, 0x2222).finish())).toBe('012222000000000102030405060708090000');
  });

  it.each([
    ['u8', (writer: Writer) => writer.u8(7), '07'],
    ['u16', (writer: Writer) => writer.u16(7), '0007'],
    ['u32', (writer: Writer) => writer.u32(7), '00000007'],
    ['u64', (writer: Writer) => writer.u64(7n), '0000000000000007'],
    ['bytes', (writer: Writer) => writer.bytes(Uint8Array.of(7)), '07'],
    ['zeros', (writer: Writer) => writer.zeros(2), '0000'],
  ])('grows with %s', (_, write, hex) => {
    for (let length = 250; length < 260; length++) {
      const octets = new Uint8Array(length).fill(0xee);
      expect(toHex(write(new Writer().bytes(octets)).finish())).toBe('ee'.repeat(length) + hex);
    }
  });

  it.each([
    ['u8', () => new Writer().u8(256)],
    ['u16', () => new Writer().u16(65536)],
    ['u32', () => new Writer().u32(-1)],
    ['u64', () => new Writer().u64(1n << 64n)],
    ['a fraction', () => new Writer().u16(1.5)],
    ['a patch past the end', () => new Writer().u16(1).patchU16(1, 1)],
  ])('refuses what does not fit: %s', (_, write) => {
    expect(write).toThrow(RangeError);
  });
});
