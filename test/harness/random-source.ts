/** Random numbers that a seed repeats, fast enough for millions of packets (xorshift128, not for secrets). */
export class RandomSource {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    for (let i = 0; i < 4; i++) this.#state[i] = Math.imul(seed + i + 1, 0x9e3779b1) ^ 0x5bf03635;
    for (let i = 0; i < 20; i++) this.u32();
  }

  u32(): number {
    const s = this.#state;
    let t = s[3] as number;
    t ^= t << 11;
    t ^= t >>> 8;
    const first = s[0] as number;
    s.copyWithin(1, 0, 3);
    s[0] = t ^ first ^ (first >>> 19);
    return s[0];
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * limit);
  }

  chance(probability: number): boolean {
    return this.u32() < probability * 0x1_0000_0000;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  bytes(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.u32();
    return new Uint8Array(words.buffer, 0, length);
  }
}
