/**
 * The wire that node:tls believes to have: what EAP brings is pushed in, what TLS writes is collected for the next EAP
 * packet. tls-tunnel.ts owns both ends.
 */
import { Duplex } from 'node:stream';

/**
 * Turns of the event loop in which nothing may happen before TLS counts as done with its input. TLS over a stream that
 * is no socket works in this thread only, in steps of a tick or an immediate: a handful of idle turns is the end.
 */
const QUIET_TURNS = 8;

export class MemoryStream extends Duplex {
  #written: Buffer[] = [];
  /** Counts everything that TLS does with the stream, and what its owner tells with `note`. */
  #activity = 0;

  override _read(): void {
    this.#activity++;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#activity++;
    this.#written.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#activity++;
    done();
  }

  /** Something happened elsewhere: data was decrypted, the handshake has ended. */
  note(): void {
    this.#activity++;
  }

  /** Resolves when nothing has happened for a while. */
  async settle(): Promise<void> {
    for (let quiet = 0, seen = this.#activity; quiet < QUIET_TURNS; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#activity === seen) continue;
      seen = this.#activity;
      quiet = 0;
    }
  }

  /** What was written since the last call. */
  collect(): Uint8Array {
    const whole = Buffer.concat(this.#written);
    this.#written = [];
    return Uint8Array.from(whole);
  }
}
