/**
 * Whole IKEv2 messages: header and payloads to a datagram and back (RFC 7296 §3.1, §3.2). The engine calls
 * decodeMessage on everything that arrives; what is inside SK, protection.ts opens.
 */
import { EMPTY } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { checkLength, decodeHeader, encodeHeader, HEADER_BYTES, type RawHeader } from '#core/ike/header.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { PayloadType } from '#core/registry/payload-types.ts';
import {
  decodeChain,
  encodeChain,
  isEncrypted,
  type RawPayload,
  splitChain,
  UnsupportedCriticalPayload,
} from './chain.ts';
import type { Decoded, IkeHeader, Payload, Sealed } from './payload-types.ts';

const MAJOR_VERSION = 2;
const FLAG = { INITIATOR: 0x08, VERSION: 0x10, RESPONSE: 0x20 } as const;

type UnprotectedError = Extract<Decoded, { outcome: 'unprotected-error' }>;

/** The octets of a header in front of `bodyBytes` octets of payloads, the first of which has type `nextPayload`. */
export function encodeIkeHeader(header: IkeHeader, nextPayload: number, bodyBytes: number): Uint8Array {
  const { spiI, spiR, majorVersion, minorVersion, exchange, messageId } = header;
  const flags =
    (header.fromInitiator ? FLAG.INITIATOR : 0) |
    (header.versionFlag ? FLAG.VERSION : 0) |
    (header.response ? FLAG.RESPONSE : 0);
  const length = HEADER_BYTES + bodyBytes;
  return encodeHeader({
    spiI,
    spiR,
    nextPayload,
    majorVersion,
    minorVersion,
    exchange,
    flags,
    messageId,
    length,
  });
}

function toIkeHeader(raw: RawHeader): IkeHeader {
  return {
    spiI: raw.spiI,
    spiR: raw.spiR,
    majorVersion: raw.majorVersion,
    minorVersion: raw.minorVersion,
    exchange: raw.exchange,
    fromInitiator: (raw.flags & FLAG.INITIATOR) !== 0,
    versionFlag: (raw.flags & FLAG.VERSION) !== 0,
    response: (raw.flags & FLAG.RESPONSE) !== 0,
    messageId: raw.messageId,
  };
}

/** The header alone, of whatever version, to find the connection that a datagram belongs to; undefined when it is too short. */
export function peekHeader(bytes: Uint8Array): IkeHeader | undefined {
  return bytes.length < HEADER_BYTES ? undefined : toIkeHeader(decodeHeader(new Reader(bytes)));
}

/** The whole datagram of a message outside SK. */
export function encodeMessage(header: IkeHeader, payloads: readonly Payload[]): Uint8Array {
  const chain = encodeChain(payloads);
  return new Writer()
    .bytes(encodeIkeHeader(header, chain.first, chain.bytes.length))
    .bytes(chain.bytes)
    .finish();
}

/** A datagram whose header and payload lengths are right; bodies are still unread. */
interface Envelope {
  readonly outcome: 'envelope';
  readonly header: IkeHeader;
  readonly payloads: readonly RawPayload[];
}

/** Header, version, length and the cut into payloads: all that can be said before keys are needed. Never throws. */
export function readEnvelope(bytes: Uint8Array): Envelope | UnprotectedError {
  let header: IkeHeader | undefined;
  try {
    const reader = new Reader(bytes);
    const raw = decodeHeader(reader);
    header = toIkeHeader(raw);
    if (raw.majorVersion !== MAJOR_VERSION) return wrongVersion(header);
    checkLength(raw, bytes);
    if (raw.spiI.every((octet) => octet === 0)) throw new DecodeError('initiator SPI', 'is zero');
    return { outcome: 'envelope', header, payloads: splitChain(raw.nextPayload, reader.rest()) };
  } catch (error) {
    return unprotectedError(error, header);
  }
}

/** A higher version is told the one we speak, which stands in the header of the answer (§2.5). */
function wrongVersion(header: IkeHeader): UnprotectedError {
  const detail = `major version ${header.majorVersion}`;
  const answer = header.majorVersion > MAJOR_VERSION && !header.response;
  return {
    outcome: 'unprotected-error',
    header,
    detail,
    ...(answer ? { notify: NotifyType.INVALID_MAJOR_VERSION, notifyData: EMPTY } : {}),
  };
}

/**
 * Silence for everything except an unknown critical payload in the first request, where nothing could be protected
 * yet (§2.21.1). Errors that are not about the octets are ours and pass through.
 */
function unprotectedError(error: unknown, header: IkeHeader | undefined): UnprotectedError {
  const known = header ? { header } : {};
  if (error instanceof UnsupportedCriticalPayload) {
    const first = header?.exchange === ExchangeType.IKE_SA_INIT && !header.response;
    return {
      outcome: 'unprotected-error',
      ...known,
      ...(first ? criticalNotify(error) : {}),
      detail: error.message,
    };
  }
  if (error instanceof DecodeError) return { outcome: 'unprotected-error', ...known, detail: error.message };
  throw error;
}

/** UNSUPPORTED_CRITICAL_PAYLOAD with the one octet of the payload's type (§2.5). */
export function criticalNotify(error: UnsupportedCriticalPayload): {
  notify: number;
  notifyData: Uint8Array;
} {
  return {
    notify: NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD,
    notifyData: Uint8Array.of(error.payloadType),
  };
}

/**
 * What a datagram holds, as far as can be said without keys. `sealed` means that its payloads are inside SK or SKF and
 * belong to MessageProtection.open. Decoded octets are views on `bytes`, which the caller must not reuse. Never throws.
 */
export function decodeMessage(bytes: Uint8Array): Decoded | Sealed {
  const envelope = readEnvelope(bytes);
  if (envelope.outcome !== 'envelope') return envelope;
  const { header, payloads } = envelope;
  const last = payloads.at(-1);
  if (last && isEncrypted(last)) {
    return { outcome: 'sealed', header, fragment: last.type === PayloadType.SKF };
  }
  try {
    return { outcome: 'ok', message: { header, payloads: decodeChain(payloads) }, protected: false };
  } catch (error) {
    return unprotectedError(error, header);
  }
}
