/** A growing buffer in network byte order; the counterpart of reader.ts. Numbers out of range are programming errors and throw. */
export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #grow(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      bigger.set(this.#bytes.subarray(0, at));
      this.#bytes = bigger;
      this.#view = new DataView(bigger.buffer);
    }
    return at;
  }

  u8(value: number): this {
    check(value, 0xff);
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    check(value, 0xffff);
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    check(value, 0xffffffff);
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u64(value: bigint): this {
    if (value < 0n || value > 0xffffffffffffffffn) throw new RangeError(`${value} does not fit 64 bits`);
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  zeros(length: number): this {
    this.#bytes.fill(0, this.#grow(length), this.#length);
    return this;
  }

  /** Overwrites a 16-bit number written earlier: a length that is known only afterwards. */
  patchU16(at: number, value: number): this {
    check(value, 0xffff);
    if (at + 2 > this.#length) throw new RangeError(`patch at ${at} lies past the end`);
    this.#view.setUint16(at, value);
    return this;
  }

  /** The octets written so far, in a buffer of their own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

function check(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new RangeError(`${value} is not in 0..${max}`);
}
