/**
 * How TLS travels in EAP (RFC 5216 §2.1.5 and §3.1, shared by TTLS and PEAP): an octet of flags, the length of the whole
 * where it comes in fragments, and an empty packet for "go on". Both halves use it.
 */
import { concat, EMPTY } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';

const LENGTH_INCLUDED = 0x80;
const MORE_FRAGMENTS = 0x40;
const START = 0x20;

/** Octets of TLS in one EAP packet: fits RADIUS behind the gateway, and an IKE message without fragments. */
const DEFAULT_FRAGMENT_BYTES = 1024;
/**
 * What the outer method adds around an inner fragment, and more. An inner packet must fit into one outer packet: PEAP has
 * no identifier of its own inside, so servers take that of the outer packet, which fragments would change.
 */
const INNER_OVERHEAD_BYTES = 100;

/** The size for the tunnel number `tunnel`, where the outer one has `outerBytes`. */
export const fragmentBytesOf = (tunnel: number, outerBytes = DEFAULT_FRAGMENT_BYTES): number =>
  tunnel === 1 ? outerBytes : Math.max(outerBytes - INNER_OVERHEAD_BYTES, 1);

/** A certificate chain with everything in it stays below; a peer that sends more wants our memory. */
export const MAX_MESSAGE_BYTES = 65_536;

type Framed =
  /** A TLS message is complete, maybe an empty one. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly start: boolean }
  /** More of it comes after `acknowledge()`. */
  | { readonly kind: 'fragment' }
  /** The other end has what we sent and wants `next()`. */
  | { readonly kind: 'go-on' };

export class TlsFraming {
  readonly #fragmentBytes: number;
  #sending: Uint8Array = EMPTY;
  #sent = 0;
  #parts: Uint8Array[] = [];
  #received = 0;
  #announced: number | undefined;
  /**
   * Say the length of messages in one piece too. Windows NPS takes a ClientHello without it for something else and
   * refuses the cryptobinding at the end; after the handshake nobody wants it.
   */
  alwaysLength = true;

  constructor(fragmentBytes: number) {
    this.#fragmentBytes = fragmentBytes;
  }

  /** The octets after the EAP type. Throws DecodeError. */
  receive(data: Uint8Array): Framed {
    const reader = new Reader(data);
    // The low bits are a version in TTLS and PEAP. Ours is 0, which both must speak; the answer says so.
    const flags = reader.u8('TLS flags');
    const length = (flags & LENGTH_INCLUDED) === 0 ? undefined : reader.u32('TLS message length');
    const bytes = reader.rest();
    const more = (flags & MORE_FRAGMENTS) !== 0;
    if (this.#sent < this.#sending.length) {
      if (bytes.length > 0 || more) throw new DecodeError('TLS message', 'came between our fragments');
      return { kind: 'go-on' };
    }
    this.#announce(length);
    this.#received += bytes.length;
    if (this.#received > (this.#announced ?? MAX_MESSAGE_BYTES)) {
      throw new DecodeError('TLS message', `longer than ${this.#announced ?? MAX_MESSAGE_BYTES} octets`);
    }
    if (more && bytes.length === 0) throw new DecodeError('TLS fragment', 'is empty');
    this.#parts.push(bytes.slice());
    if (more) return { kind: 'fragment' };
    return { kind: 'message', bytes: this.#assemble(), start: (flags & START) !== 0 };
  }

  #announce(length: number | undefined): void {
    if (length === undefined) return;
    if (length > MAX_MESSAGE_BYTES) {
      throw new DecodeError('TLS message length', `${length}, more than ${MAX_MESSAGE_BYTES}`);
    }
    if (this.#announced !== undefined && this.#announced !== length) {
      throw new DecodeError('TLS message length', `${length} after ${this.#announced}`);
    }
    this.#announced = length;
  }

  #assemble(): Uint8Array {
    const whole = concat(...this.#parts);
    if (this.#announced !== undefined && this.#announced !== whole.length) {
      throw new DecodeError('TLS message length', `${this.#announced}, but ${whole.length} octets came`);
    }
    this.#parts = [];
    this.#received = 0;
    this.#announced = undefined;
    return whole;
  }

  /** Begins to send a message, maybe an empty one; the rest goes out with `next` at each `go-on`. */
  send(message: Uint8Array): Uint8Array {
    this.#sending = message;
    this.#sent = 0;
    return this.next();
  }

  next(): Uint8Array {
    const first = this.#sent === 0;
    const part = this.#sending.subarray(this.#sent, this.#sent + this.#fragmentBytes);
    this.#sent += part.length;
    const more = this.#sent < this.#sending.length;
    const withLength = first && (more || (this.alwaysLength && part.length > 0));
    const writer = new Writer().u8((withLength ? LENGTH_INCLUDED : 0) | (more ? MORE_FRAGMENTS : 0));
    if (withLength) writer.u32(this.#sending.length);
    return writer.bytes(part).finish();
  }

  /** What asks for the next fragment. */
  acknowledge(): Uint8Array {
    return Uint8Array.of(0);
  }

  /** The server's first packet. */
  start(): Uint8Array {
    return Uint8Array.of(START);
  }
}
