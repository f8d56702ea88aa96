/**
 * Packets of EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2-02 §2): CHAP packets behind the EAP type, whose messages are
 * text with fields (RFC 2759 §5 to §7). Used by both halves of the method; TTLS shares the texts.
 */
import { concat, EMPTY, fromHex, fromUtf8, toHex, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { spoken, trimmed } from '#core/text/printable.ts';
import { CHALLENGE_BYTES, ENCRYPTED_PASSWORD_BYTES, NT_RESPONSE_BYTES } from './mschapv2-crypto.ts';

const OpCode = { challenge: 1, response: 2, success: 3, failure: 4, changePassword: 7 } as const;

const HEADER_BYTES = 4;
const RESERVED_BYTES = 8;
const RESPONSE_VALUE_BYTES = CHALLENGE_BYTES + RESERVED_BYTES + NT_RESPONSE_BYTES + 1;
const HASH_BYTES = 16;

/** What a Failure says (RFC 2759 §6): `E=691 R=1 C=… V=3 M=…`. */
export interface FailureText {
  readonly code: number;
  readonly retry: boolean;
  /** 16 octets; without it nothing can be tried again. */
  readonly challenge?: Uint8Array;
  /** Of the change-password protocol; 3 is the one that exists. */
  readonly version: number;
  readonly message?: string;
}

type MsChapV2Request =
  | { readonly op: 'challenge'; readonly id: number; readonly challenge: Uint8Array }
  | { readonly op: 'success'; readonly id: number; readonly text: string }
  | { readonly op: 'failure'; readonly id: number; readonly failure: FailureText };

export interface ResponseValue {
  readonly peerChallenge: Uint8Array;
  readonly ntResponse: Uint8Array;
}

export type MsChapV2Response =
  | (ResponseValue & { readonly op: 'response'; readonly id: number; readonly name: string })
  | { readonly op: 'success' }
  | { readonly op: 'failure' }
  | (ResponseValue & {
      readonly op: 'change-password';
      readonly id: number;
      readonly encryptedPassword: Uint8Array;
      readonly encryptedHash: Uint8Array;
    });

/** Opcode, MS-CHAPv2-ID and the rest as MS-Length counts it. Throws DecodeError. */
function open(data: Uint8Array): { op: number; id: number; body: Reader } {
  const reader = new Reader(data);
  const op = reader.u8('MSCHAPv2 opcode');
  const id = reader.u8('MS-CHAPv2-ID');
  const length = reader.u16('MS-Length');
  return { op, id, body: reader.sub(length - HEADER_BYTES, 'MS-CHAPv2 packet') };
}

/** Reads what a server sends. Throws DecodeError. */
export function decodeRequest(data: Uint8Array): MsChapV2Request {
  const { op, id, body } = open(data);
  switch (op) {
    case OpCode.challenge: {
      const size = body.u8('challenge size');
      if (size !== CHALLENGE_BYTES) throw new DecodeError('challenge size', `${size} instead of 16`);
      return { op: 'challenge', id, challenge: body.bytes(size, 'challenge').slice() };
    }
    case OpCode.success:
      return { op: 'success', id, text: fromUtf8(body.rest()) };
    case OpCode.failure:
      return { op: 'failure', id, failure: parseFailure(fromUtf8(body.rest())) };
    default:
      throw new DecodeError('MSCHAPv2 opcode', `${op} is not a server's`);
  }
}

/** Reads what a peer sends. Throws DecodeError. */
export function decodeResponse(data: Uint8Array): MsChapV2Response {
  // These two are the opcode alone.
  if (data[0] === OpCode.success) return { op: 'success' };
  if (data[0] === OpCode.failure) return { op: 'failure' };
  const { op, id, body } = open(data);
  switch (op) {
    case OpCode.response: {
      const size = body.u8('response size');
      if (size !== RESPONSE_VALUE_BYTES) throw new DecodeError('response size', `${size} instead of 49`);
      const value = readResponseValue(body);
      body.skip(1, 'response flags');
      return { op: 'response', id, ...value, name: fromUtf8(body.rest()) };
    }
    case OpCode.changePassword: {
      const encryptedPassword = body.bytes(ENCRYPTED_PASSWORD_BYTES, 'encrypted password').slice();
      const encryptedHash = body.bytes(HASH_BYTES, 'encrypted hash').slice();
      return { op: 'change-password', id, encryptedPassword, encryptedHash, ...readResponseValue(body) };
    }
    default:
      throw new DecodeError('MSCHAPv2 opcode', `${op} is not a peer's`);
  }
}

/** Peer-Challenge, eight reserved octets, NT-Response: the same in EAP and in TTLS. Throws DecodeError. */
export function readResponseValue(reader: Reader): ResponseValue {
  const peerChallenge = reader.bytes(CHALLENGE_BYTES, 'peer challenge').slice();
  reader.skip(RESERVED_BYTES, 'reserved');
  return { peerChallenge, ntResponse: reader.bytes(NT_RESPONSE_BYTES, 'NT-Response').slice() };
}

export const encodeResponseValue = ({ peerChallenge, ntResponse }: ResponseValue): Uint8Array =>
  concat(peerChallenge, new Uint8Array(RESERVED_BYTES), ntResponse);

const packet = (op: number, id: number, ...body: Uint8Array[]): Uint8Array => {
  const writer = new Writer().u8(op).u8(id).u16(0);
  for (const part of body) writer.bytes(part);
  return writer.patchU16(2, writer.length).finish();
};

export const encodeChallenge = (id: number, challenge: Uint8Array, name: string): Uint8Array =>
  packet(OpCode.challenge, id, Uint8Array.of(challenge.length), challenge, utf8(name));

export const encodeResponse = (id: number, value: ResponseValue, name: string): Uint8Array =>
  packet(
    OpCode.response,
    id,
    Uint8Array.of(RESPONSE_VALUE_BYTES),
    encodeResponseValue(value),
    Uint8Array.of(0),
    utf8(name),
  );

export const encodeText = (op: 'success' | 'failure', id: number, text: string): Uint8Array =>
  packet(OpCode[op], id, utf8(text));

export const encodeChangePassword = (
  id: number,
  change: ResponseValue & { readonly encryptedPassword: Uint8Array; readonly encryptedHash: Uint8Array },
): Uint8Array =>
  packet(
    OpCode.changePassword,
    id,
    change.encryptedPassword,
    change.encryptedHash,
    encodeResponseValue(change),
    new Uint8Array(2),
  );

/** The answers that are an opcode and nothing else. */
export const encodeBare = (op: 'success' | 'failure'): Uint8Array => Uint8Array.of(OpCode[op]);

/** Fields may touch each other: not every server writes the blanks. M takes all that follows it. */
const FIELD = /([A-Z])=(.*?)(?=\s|[A-Z]=|$)/gs;

const CHALLENGE = /^[0-9A-Fa-f]{32}$/;

/** Throws DecodeError where there is no error code or no sixteen octets of challenge. */
export function parseFailure(padded: string): FailureText {
  const text = trimmed(padded);
  const at = text.indexOf('M=');
  const message = at < 0 ? '' : spoken(text.slice(at + 2));
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of (at < 0 ? text : text.slice(0, at)).matchAll(FIELD)) {
    fields.set(name, value);
  }
  const code = fields.get('E') ?? '';
  if (!/^\d{1,10}$/.test(code)) throw new DecodeError('MS-CHAPv2 failure', 'names no error code');
  const challenge = fields.get('C') ?? '';
  if (challenge !== '' && !CHALLENGE.test(challenge)) {
    throw new DecodeError('MS-CHAPv2 failure', 'its challenge is not 16 octets in hexadecimal digits');
  }
  return {
    code: Number(code),
    retry: fields.get('R') === '1',
    ...(challenge === '' ? {} : { challenge: fromHex(challenge) }),
    version: Number(fields.get('V') ?? 0),
    ...(message === '' ? {} : { message }),
  };
}

export const formatFailure = ({ code, retry, challenge, version, message }: FailureText): string =>
  `E=${code} R=${retry ? 1 : 0} C=${toHex(challenge ?? EMPTY).toUpperCase()} V=${version} M=${message ?? ''}`;

/** `S=` with its forty digits, in capitals, and the message behind it. Throws DecodeError. */
export function parseSuccess(text: string): { readonly proof: string; readonly message?: string } {
  const found = /^S=([0-9A-Fa-f]{40})\s*(?:M=(.*))?/s.exec(text);
  if (found === null) throw new DecodeError('MS-CHAPv2 success', 'carries no authenticator response');
  const message = spoken(found[2] ?? '');
  return { proof: `S=${(found[1] ?? '').toUpperCase()}`, ...(message === '' ? {} : { message }) };
}
