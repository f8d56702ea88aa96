/**
 * Octets that must not be seen: pre-shared keys between the store, the socket and the engine. Whatever prints,
 * serialises or inspects one gets `[redacted]`; only reveal() gives the octets, so that a search for it finds
 * every place that touches a secret.
 */
import { inspect } from 'node:util';
import { wipe } from '#core/bytes/bytes.ts';

const REDACTED = '[redacted]';

export class Secret {
  readonly #octets: Uint8Array;

  /** Keeps a copy. */
  constructor(octets: Uint8Array) {
    this.#octets = Uint8Array.from(octets);
  }

  static fromBase64(text: string): Secret {
    const octets = Buffer.from(text, 'base64');
    const secret = new Secret(octets);
    wipe(octets);
    return secret;
  }

  get length(): number {
    return this.#octets.length;
  }

  /** A copy, which the caller wipes when it has done its work. */
  reveal(): Uint8Array {
    return Uint8Array.from(this.#octets);
  }

  /** Overwrites the octets; what reveal() gave out before stays. */
  wipe(): void {
    wipe(this.#octets);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/** A copy that cannot be wiped: for what takes text only. */
export const textOf = (secret: Secret): string => Buffer.from(secret.reveal()).toString('utf8');
