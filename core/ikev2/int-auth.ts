/**
 * What AUTH covers of the IKE_INTERMEDIATE exchanges (RFC 9242 §3.3.2): both ends sign everything that went between
 * IKE_SA_INIT and IKE_AUTH, one after another and each direction for itself. tasks/intermediate.ts adds the messages.
 */
import { concat, EMPTY } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { PrfRow } from '#core/crypto/interfaces.ts';
import { PayloadType } from '#core/registry/payload-types.ts';
import { encodeChain } from './chain.ts';
import { encodeIkeHeader } from './message.ts';
import type { IkeHeader, Inside, Payload } from './payload-types.ts';

const GENERIC_HEADER_BYTES = 4;
/** Where the IKE header has Next Payload and Length (RFC 7296 §3.1). */
const NEXT_PAYLOAD_AT = 16;
const LENGTH_AT = 24;

/** Of a message of ours what `open` tells of one of the peer's. */
export function insideOf(header: IkeHeader, payloads: readonly Payload[]): Inside {
  const { first, bytes } = encodeChain(payloads);
  const front = new Writer()
    .bytes(encodeIkeHeader(header, PayloadType.SK, GENERIC_HEADER_BYTES))
    .u8(first)
    .u8(0)
    .u16(GENERIC_HEADER_BYTES)
    .finish();
  return { front, content: bytes };
}

/** A | P: the message as if it had come whole, without IV, padding and ICV, and with lengths that say so. */
function octetsOf({ front, content }: Inside): Uint8Array {
  const octets = concat(front, content);
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  if (octets[NEXT_PAYLOAD_AT] === PayloadType.SKF) octets[NEXT_PAYLOAD_AT] = PayloadType.SK;
  view.setUint32(LENGTH_AT, octets.length);
  view.setUint16(front.length - 2, GENERIC_HEADER_BYTES + content.length);
  return octets;
}

/** The IKE_INTERMEDIATE exchanges of an IKE SA. */
export class IntAuth {
  #i: Uint8Array = EMPTY;
  #r: Uint8Array = EMPTY;
  #exchanges = 0;

  /** How many there were. */
  get exchanges(): number {
    return this.#exchanges;
  }

  /** An exchange is complete. The keys are those that it was protected with. */
  add(
    prf: PrfRow,
    { skPi, skPr }: { readonly skPi: Uint8Array; readonly skPr: Uint8Array },
    request: Inside,
    response: Inside,
  ): void {
    this.#i = prf.compute(skPi, this.#i, octetsOf(request));
    this.#r = prf.compute(skPr, this.#r, octetsOf(response));
    this.#exchanges++;
  }

  /** IntAuth_iN | IntAuth_rN | the message ID of the first IKE_AUTH request; empty where there was none. */
  get signed(): Uint8Array {
    if (this.#exchanges === 0) return EMPTY;
    const authMessageId = this.#exchanges + 1;
    return new Writer().bytes(this.#i).bytes(this.#r).u32(authMessageId).finish();
  }
}
