/**
 * Message IDs (RFC 7296 §2.2) and windows (§2.3). Both directions count on their own; our windows have size 1, so
 * that requests are handled in order and one answer is kept. requests.ts owns the requests we send, lifecycle.ts
 * the window of those we answer.
 */
import { equal } from '#core/bytes/bytes.ts';
import { ATTEMPTS_BEFORE_SMALLER } from './seal.ts';

/** The highest ID that ordinary requests may use: the one above it is kept for the Delete that must follow (§2.2). */
const LAST_ORDINARY_ID = 0xffff_fffe;

/** From here on a successor is made: a quarter of the IDs is left for that, and for refusals of it. */
const RENEW_FROM_ID = 0xc000_0000;

/** IDs of the requests we send. */
export class RequestWindow {
  #next: number;
  #peerSize = 1;

  constructor(first = 0) {
    this.#next = first;
  }

  /** The ID for a new request. */
  take(): number {
    return this.#next++;
  }

  /** The ID that the next request gets. */
  get next(): number {
    return this.#next;
  }

  /** The IKE SA is to be rekeyed (§2.2). */
  get nearsEnd(): boolean {
    return this.#next >= RENEW_FROM_ID;
  }

  /** Only the Delete of the IKE SA may be sent now: IDs never wrap (§2.2). */
  get exhausted(): boolean {
    return this.#next > LAST_ORDINARY_ID;
  }

  /**
   * SET_WINDOW_SIZE from the peer (§2.3): how many requests it would take at once. We stay at one outstanding
   * request, which every window allows; a window never shrinks.
   */
  peerAllows(size: number): void {
    this.#peerSize = Math.max(this.#peerSize, size);
  }

  get peerSize(): number {
    return this.#peerSize;
  }
}

type Arrival = 'new' | 'again' | 'outside';

interface Kept {
  readonly id: number;
  readonly request: Uint8Array;
  response: readonly Uint8Array[];
  /** How often it went out. */
  attempts: number;
  readonly smaller: ((response: readonly Uint8Array[]) => readonly Uint8Array[]) | undefined;
}

/** IDs of the requests that the peer sends, with the answer to the last one. */
export class ResponseWindow {
  #expected: number;
  #last: Kept | undefined;

  constructor(first = 0) {
    this.#expected = first;
  }

  /** `again`: has the ID of the last answered request. */
  classify(messageId: number): Arrival {
    if (messageId === this.#expected) return 'new';
    return this.#last?.id === messageId ? 'again' : 'outside';
  }

  /** Whether these are the very octets that the kept answer is for; this needs no keys. */
  hasAnswered(request: Uint8Array): boolean {
    return this.#last !== undefined && equal(this.#last.request, request);
  }

  /**
   * The answer to the last request, datagram by datagram, for a peer that asks again. One that asks a second time has twice
   * not got it: then it is the same answer in smaller fragments, if it can be (RFC 7383 §2.5.2).
   */
  repeat(): readonly Uint8Array[] {
    const last = this.#last;
    if (last === undefined) return [];
    if (last.attempts++ === ATTEMPTS_BEFORE_SMALLER && last.smaller)
      last.response = last.smaller(last.response);
    return last.response;
  }

  /**
   * Moves the window on: this ID is answered for good. `request` is copied, since receive buffers are reused; of a
   * fragmented one it is the first fragment (RFC 7383 §2.6.1). `smaller` makes the same answer for a narrower path.
   */
  answered(
    messageId: number,
    request: Uint8Array,
    response: readonly Uint8Array[],
    smaller?: Kept['smaller'],
  ): void {
    this.#last = { id: messageId, request: request.slice(), response, attempts: 1, smaller };
    this.#expected = messageId + 1;
  }

  /** The IKE SA is to be rekeyed (§2.2). */
  get nearsEnd(): boolean {
    return this.#expected >= RENEW_FROM_ID;
  }

  /** The peer has used its last ID: nothing it asks can be answered any more. */
  get exhausted(): boolean {
    return this.#expected > LAST_ORDINARY_ID;
  }
}
