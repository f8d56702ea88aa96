/**
 * MD4 (RFC 1320): the hash of Windows passwords, and broken for every other purpose. Only core/eap's MSCHAPv2 calls it;
 * @noble/hashes has none.
 */

/** Per round: the constant, the shifts, which word of the block each of the 16 steps takes, and the function. */
const ROUNDS: readonly {
  readonly add: number;
  readonly shifts: readonly [number, number, number, number];
  readonly order: readonly number[];
  readonly mix: (x: number, y: number, z: number) => number;
}[] = [
  {
    add: 0,
    shifts: [3, 7, 11, 19],
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    mix: (x, y, z) => (x & y) | (~x & z),
  },
  {
    add: 0x5a827999,
    shifts: [3, 5, 9, 13],
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
  },
  {
    add: 0x6ed9eba1,
    shifts: [3, 9, 11, 15],
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    mix: (x, y, z) => x ^ y ^ z,
  },
];

const BLOCK = 64;
const rotateLeft = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/** The 16 octets of MD4 over `message`. */
export function md4(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / BLOCK) * BLOCK);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n, true);

  let [a, b, c, d] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let at = 0; at < padded.length; at += BLOCK) {
    const [a0, b0, c0, d0] = [a, b, c, d];
    for (const { add, shifts, order, mix } of ROUNDS) {
      for (const [step, word] of order.entries()) {
        const sum = (a + mix(b, c, d) + view.getUint32(at + 4 * word, true) + add) | 0;
        [a, b, c, d] = [d, rotateLeft(sum, shifts[step % 4] as number), b, c];
      }
    }
    [a, b, c, d] = [(a + a0) | 0, (b + b0) | 0, (c + c0) | 0, (d + d0) | 0];
  }

  const digest = new Uint8Array(16);
  const out = new DataView(digest.buffer);
  for (const [i, word] of [a, b, c, d].entries()) out.setInt32(4 * i, word, true);
  return digest;
}
