/**
 * Framing on the helper's socket: a length (u32, network byte order) and that many octets of UTF-8 JSON (RFC 8259).
 * Both ends use it: helper/ipc and cli/client.ts. What the JSON means stands in messages.ts and contract.ts.
 */
import { concat, utf8 } from '#core/bytes/bytes.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';

/** Octets of JSON in one frame, the length not counted. */
export const MAX_FRAME = 256 * 1024;
const HEADER = 4;

type FrameFault = 'too-large' | 'not-utf8' | 'not-json';

/** A frame that cannot be read or sent. After one, a stream has lost its rhythm: close it. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly fault: FrameFault;
  constructor(fault: FrameFault, detail: string) {
    super(detail);
    this.fault = fault;
  }
}

/** One frame holding `value`. Throws FrameError where it has no JSON form or exceeds MAX_FRAME. */
export function encodeFrame(value: unknown): Uint8Array {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new FrameError('not-json', `a ${typeof value} has no JSON form`);
  const body = utf8(json);
  if (body.length > MAX_FRAME) throw tooLarge(body.length);
  const header = new Uint8Array(HEADER);
  new DataView(header.buffer).setUint32(0, body.length);
  return concat(header, body);
}

/** Turns a stream of octets, cut anywhere, back into values. One decoder a connection and direction. */
export class FrameDecoder {
  readonly #header = new Uint8Array(HEADER);
  #headerFill = 0;
  #body: Uint8Array | undefined;
  #bodyFill = 0;
  #broken: FrameError | undefined;

  /** True between frames: a connection that ends here lost nothing. */
  get idle(): boolean {
    return this.#headerFill === 0 && this.#body === undefined;
  }

  /**
   * The values whose frames `chunk` completes, in order. Throws FrameError at the first bad frame (values completed
   * by the same chunk before it are dropped) and at every call after it. A length above MAX_FRAME is refused
   * when its fourth octet arrives; nothing is allocated for it.
   */
  feed(chunk: Uint8Array): unknown[] {
    if (this.#broken) throw this.#broken;
    try {
      return this.#consume(chunk);
    } catch (error) {
      if (error instanceof FrameError) this.#broken = error;
      throw error;
    }
  }

  #consume(chunk: Uint8Array): unknown[] {
    const values: unknown[] = [];
    let at = 0;
    while (at < chunk.length || this.#body?.length === this.#bodyFill) {
      if (this.#body === undefined) {
        at += this.#takeHeader(chunk.subarray(at));
        continue;
      }
      const part = chunk.subarray(at, at + this.#body.length - this.#bodyFill);
      this.#body.set(part, this.#bodyFill);
      this.#bodyFill += part.length;
      at += part.length;
      if (this.#bodyFill === this.#body.length) {
        values.push(parse(this.#body));
        this.#body = undefined;
        this.#bodyFill = 0;
      }
    }
    return values;
  }

  /** Octets used from `rest`. Opens a body once the length is complete. */
  #takeHeader(rest: Uint8Array): number {
    const part = rest.subarray(0, HEADER - this.#headerFill);
    this.#header.set(part, this.#headerFill);
    this.#headerFill += part.length;
    if (this.#headerFill === HEADER) {
      const length = new DataView(this.#header.buffer).getUint32(0);
      if (length > MAX_FRAME) throw tooLarge(length);
      this.#body = new Uint8Array(length);
      this.#headerFill = 0;
    }
    return part.length;
  }
}

function parse(body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  if (text === undefined) throw new FrameError('not-utf8', 'a frame is not UTF-8');
  try {
    return JSON.parse(text);
  } catch {
    throw new FrameError('not-json', 'a frame is not JSON');
  }
}

function tooLarge(length: number): FrameError {
  return new FrameError('too-large', `a frame of ${length} octets exceeds the limit of ${MAX_FRAME}`);
}
