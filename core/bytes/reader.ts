/**
 * A cursor over received octets that cannot read past its end. Every codec of core/ reads through it, so a
 * length is checked once, here. Multi-octet numbers are in network byte order.
 */

/** Octets that do not have the shape their format demands. `field` names the part, `detail` what was wrong with it. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly field: string;
  readonly detail: string;
  constructor(field: string, detail: string) {
    super(`${field}: ${detail}`);
    this.field = field;
    this.detail = detail;
  }
}

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Octets already read. */
  get offset(): number {
    return this.#offset;
  }

  /** Octets not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  #take(length: number, field: string): number {
    if (!Number.isInteger(length) || length < 0) throw new DecodeError(field, `impossible length ${length}`);
    if (length > this.remaining) {
      throw new DecodeError(field, `needs ${length} octets, ${this.remaining} remain`);
    }
    const at = this.#offset;
    this.#offset += length;
    return at;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(1, field));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#take(2, field));
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(4, field));
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(8, field));
  }

  /** The next `length` octets, as a view on the input (not a copy). */
  bytes(length: number, field: string): Uint8Array {
    const at = this.#take(length, field);
    return this.#bytes.subarray(at, at + length);
  }

  /** All octets that remain, as a view on the input. */
  rest(): Uint8Array {
    return this.bytes(this.remaining, 'rest');
  }

  /** A reader over the next `length` octets only. */
  sub(length: number, field: string): Reader {
    return new Reader(this.bytes(length, field));
  }

  skip(length: number, field: string): void {
    this.#take(length, field);
  }

  /** Refuses octets that nothing read. */
  end(field: string): void {
    if (this.remaining > 0) throw new DecodeError(field, `${this.remaining} octets too many`);
  }
}
