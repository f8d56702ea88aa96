/**
 * Every payload that we know: its kind, with the number of registry/payload-types.ts and its codec. chain.ts
 * reads and writes messages by this list; a payload that is not here decodes to `unknown`.
 */
import { PayloadType } from '#core/registry/payload-types.ts';
import type { Payload, PayloadKind, PayloadOf } from './payload-types.ts';
import * as auth from './payloads/auth.ts';
import * as cert from './payloads/cert.ts';
import * as certreq from './payloads/certreq.ts';
import * as cp from './payloads/cp.ts';
import * as del from './payloads/delete.ts';
import * as eap from './payloads/eap.ts';
import * as id from './payloads/id.ts';
import * as ke from './payloads/ke.ts';
import * as nonce from './payloads/nonce.ts';
import * as notify from './payloads/notify.ts';
import * as sa from './payloads/sa.ts';
import * as ts from './payloads/ts.ts';
import * as vendorId from './payloads/vendor-id.ts';

type KnownPayloadKind = Exclude<PayloadKind, 'unknown'>;

interface PayloadCodec<K extends KnownPayloadKind> {
  /** The body, without the generic header. A payload that cannot be encoded is a programming error: RangeError. */
  readonly encode: (payload: PayloadOf<K>) => Uint8Array;
  /** Throws DecodeError. Octets of the result are views on the body. */
  readonly decode: (body: Uint8Array) => PayloadOf<K>;
}

const CODECS: { readonly [K in KnownPayloadKind]: PayloadCodec<K> } = {
  SA: sa,
  KE: ke,
  IDi: { encode: id.encode, decode: (body) => id.decode('IDi', body) },
  IDr: { encode: id.encode, decode: (body) => id.decode('IDr', body) },
  CERT: cert,
  CERTREQ: certreq,
  AUTH: auth,
  NONCE: nonce,
  N: notify,
  D: del,
  V: vendorId,
  TSi: { encode: ts.encode, decode: (body) => ts.decode('TSi', body) },
  TSr: { encode: ts.encode, decode: (body) => ts.decode('TSr', body) },
  CP: cp,
  EAP: eap,
};

interface PayloadRow {
  readonly kind: KnownPayloadKind;
  /** IANA Payload Type. */
  readonly type: number;
  readonly decode: (body: Uint8Array) => Payload;
}

export const payloadTable: readonly PayloadRow[] = (Object.keys(CODECS) as KnownPayloadKind[]).map(
  (kind) => ({
    kind,
    type: PayloadType[kind],
    decode: CODECS[kind].decode,
  }),
);

const byType = new Map(payloadTable.map((row) => [row.type, row]));

export const payloadRow = (type: number): PayloadRow | undefined => byType.get(type);

/** IANA Payload Type of a payload. */
export const payloadTypeOf = (payload: Payload): number =>
  payload.kind === 'unknown' ? payload.type : PayloadType[payload.kind];

/** The body of a payload, without the generic header. */
export function encodeBody(payload: Payload): Uint8Array {
  if (payload.kind === 'unknown') return payload.body;
  // The kind picks the codec that takes this payload; the type system cannot follow a union through an index.
  return (CODECS[payload.kind] as PayloadCodec<KnownPayloadKind>).encode(payload);
}
