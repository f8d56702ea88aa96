/**
 * The window against replay: RFC 6479's ring of blocks, and the inference of the high half of an extended sequence
 * number (RFC 4303 Appendix A2.2). sa.ts calls it; helper/native/src/replay.cc is its twin.
 */

/** Packets of the widest window that an SA may have. */
export const MAX_REPLAY_WINDOW = 65536;

const BLOCK_BITS = 32;
const HALF = 32n;
const LAST_HALF = 0xffffffffn;
/** Without a window an extended number is the nearest of the possible ones. */
const UNCHECKED_SPAN = 0x80000000n;

export class ReplayWindow {
  readonly #packets: number;
  readonly #esn: boolean;
  /** A power of two of them, one more than the window needs: RFC 6479 §2. */
  readonly #blocks: Uint32Array;
  #top = 0n;

  /** `packets` 0 turns the check off. */
  constructor(packets: number, esn: boolean) {
    if (!Number.isInteger(packets) || packets < 0 || packets > MAX_REPLAY_WINDOW) {
      throw new RangeError(
        `replayWindow: ${packets} is not a number of packets from 0 to ${MAX_REPLAY_WINDOW}`,
      );
    }
    this.#packets = packets;
    this.#esn = esn;
    this.#blocks = new Uint32Array(2 ** Math.ceil(Math.log2(Math.ceil(packets / BLOCK_BITS) + 1)));
  }

  /** The whole sequence number that `low` stands for; undefined where it would lie before the first or past the last. */
  infer(low: number): bigint | undefined {
    const wanted = BigInt(low);
    if (!this.#esn) return wanted;
    const window = this.#packets === 0 ? UNCHECKED_SPAN : BigInt(this.#packets);
    const topLow = BigInt.asUintN(32, this.#top);
    const topHigh = this.#top >> HALF;
    const bottomLow = BigInt.asUintN(32, topLow - (window - 1n));
    let high = topHigh;
    if (topLow >= window - 1n) {
      if (wanted < bottomLow) high += 1n; // the window lies in one subspace, this one in the next
    } else if (wanted >= bottomLow) high -= 1n; // it spans two, and this one belongs to the lower
    return high < 0n || high > LAST_HALF ? undefined : (high << HALF) | wanted;
  }

  /** Neither too old nor seen: worth decrypting. */
  fresh(sequence: bigint): boolean {
    if (this.#packets === 0) return true;
    if (sequence === 0n) return false; // the first packet carries 1 (RFC 4303 §2.2)
    if (sequence > this.#top) return true;
    if (this.#top - sequence >= BigInt(this.#packets)) return false;
    const { block, bit } = this.#place(sequence);
    return ((this.#blocks[block] as number) & bit) === 0;
  }

  /** To be called once the packet proved authentic. False: seen before. */
  accept(sequence: bigint): boolean {
    if (!this.fresh(sequence)) return false;
    if (sequence > this.#top) {
      this.#advance(sequence);
      this.#top = sequence;
    }
    if (this.#packets > 0) {
      const { block, bit } = this.#place(sequence);
      this.#blocks[block] = (this.#blocks[block] as number) | bit;
    }
    return true;
  }

  /** As if `sequence` had been the highest so far, and everything below seen. Tests only. */
  startAfter(sequence: bigint): void {
    this.#top = sequence;
    this.#blocks.fill(0xffffffff);
    const { block, bit } = this.#place(sequence);
    this.#blocks[block] = 2 * bit - 1;
  }

  #advance(sequence: bigint): void {
    const count = BigInt(this.#blocks.length);
    const last = sequence / BigInt(BLOCK_BITS);
    const passed = last - this.#top / BigInt(BLOCK_BITS);
    for (let i = 0n; i < passed && i < count; i++) this.#blocks[Number((last - i) % count)] = 0;
  }

  #place(sequence: bigint): { readonly block: number; readonly bit: number } {
    return {
      block: Number((sequence / BigInt(BLOCK_BITS)) % BigInt(this.#blocks.length)),
      bit: 2 ** Number(sequence % BigInt(BLOCK_BITS)),
    };
  }
}
