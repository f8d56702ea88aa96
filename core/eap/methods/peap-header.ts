/**
 * PEAPv0 sends the EAP packets inside its tunnel without their header of four octets ([MS-PEAP] §2.2.2), except those of
 * type 33 (TLVs), and what some servers send whole all the same.
 */
import { concat } from '#core/bytes/bytes.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { decodeEap, encodeEap, type EapPacket } from '../packet.ts';

const HEADER_BYTES = 4;
const CODES = { request: 1, response: 2 } as const;

/** A whole packet out of what came; `code` and `identifier` are those of the EAP packet around. */
export function expand(
  data: Uint8Array,
  code: keyof typeof CODES,
  identifier: number,
): { readonly bytes: Uint8Array; readonly packet: EapPacket } {
  const bytes = isWhole(data, CODES[code]) ? data : withHeader(data, CODES[code], identifier);
  return { bytes, packet: decodeEap(bytes) };
}

/** Success and Failure (3, 4) exist with a header only. */
function isWhole(data: Uint8Array, code: number): boolean {
  const length = ((data[2] ?? 0) << 8) | (data[3] ?? 0);
  if (data.length < HEADER_BYTES || length !== data.length) return false;
  return data[0] === code ? length > HEADER_BYTES : data[0] === 3 || data[0] === 4;
}

function withHeader(data: Uint8Array, code: number, identifier: number): Uint8Array {
  const length = data.length + HEADER_BYTES;
  return concat(Uint8Array.of(code, identifier, length >> 8, length & 0xff), data);
}

export const compress = (packet: Uint8Array): Uint8Array => packet.subarray(HEADER_BYTES);

/** A packet of TLVs, with its header. */
export const tlvPacket = (code: keyof typeof CODES, identifier: number, data: Uint8Array): Uint8Array =>
  encodeEap({ code, identifier, vendor: 0, type: EapType.TLV, expanded: false, data });

/** The TLVs of a packet of type 33, or `undefined`. */
export const tlvsOf = (packet: EapPacket): Uint8Array | undefined =>
  'data' in packet && packet.vendor === 0 && packet.type === EapType.TLV ? packet.data : undefined;
