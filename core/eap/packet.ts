/**
 * EAP packets (RFC 3748 §4 and §5): requests and responses with legacy or expanded types, Success and Failure. peer.ts
 * and authenticator.ts read and write them; PEAP and TTLS carry them inside their tunnels.
 */
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { eapTypes, EapType } from '#core/registry/eap-types.ts';

const CODES = ['request', 'response', 'success', 'failure'] as const;
const HEADER_BYTES = 4;

/** Who gave out the number of a type: 0 the IETF, otherwise an SMI enterprise code (RFC 3748 §5.7). */
interface EapTypeId {
  readonly vendor: number;
  readonly type: number;
}

/** A question of the authenticator or an answer of the peer. */
export interface EapMessage extends EapTypeId {
  readonly code: 'request' | 'response';
  readonly identifier: number;
  /** The type stood in its expanded form; an answer keeps the form of its question. */
  readonly expanded: boolean;
  readonly data: Uint8Array;
}

/** The end of a conversation. */
export interface EapResult {
  readonly code: 'success' | 'failure';
  readonly identifier: number;
  /** Octets beyond the four of the RFC: FortiGate names the method that follows in a fifth. */
  readonly trailer: Uint8Array;
}

export type EapPacket = EapMessage | EapResult;

/** The name of a type for people: `MSCHAPv2`, or `vendor 311 type 34`. */
export const nameOfType = ({ vendor, type }: EapTypeId): string =>
  vendor === 0 ? eapTypes.nameOf(type) : `vendor ${vendor} type ${type}`;

/**
 * Reads one packet. Octets beyond Length are padding of a lower layer and do not count (§4.1); an expanded type of vendor
 * 0 is the same as the legacy one (§5.7). Throws DecodeError.
 */
export function decodeEap(bytes: Uint8Array): EapPacket {
  const outer = new Reader(bytes);
  const number = outer.u8('EAP code');
  const code = CODES[number - 1];
  if (code === undefined) throw new DecodeError('EAP code', `${number} is none of 1 to 4`);
  const identifier = outer.u8('EAP identifier');
  const length = outer.u16('EAP length');
  if (length < HEADER_BYTES) throw new DecodeError('EAP length', `${length} is less than the header`);
  const reader = outer.sub(length - HEADER_BYTES, 'EAP data');
  if (code === 'success' || code === 'failure') return { code, identifier, trailer: reader.rest() };
  const type = reader.u8('EAP type');
  if (type !== EapType.Expanded) {
    return { code, identifier, vendor: 0, type, expanded: false, data: reader.rest() };
  }
  const [vendor, vendorType] = readTypeId(reader);
  return { code, identifier, vendor, type: vendorType, expanded: true, data: reader.rest() };
}

const readTypeId = (reader: Reader): [vendor: number, type: number] => [
  (reader.u8('EAP vendor') << 16) | reader.u16('EAP vendor'),
  reader.u32('EAP vendor type'),
];

export function encodeEap(packet: EapPacket): Uint8Array {
  const writer = new Writer()
    .u8(CODES.indexOf(packet.code) + 1)
    .u8(packet.identifier)
    .u16(0);
  if ('data' in packet) {
    if (packet.expanded) writeTypeId(writer, packet);
    else writer.u8(packet.type);
    writer.bytes(packet.data);
  } else {
    writer.bytes(packet.trailer);
  }
  return writer.patchU16(2, writer.length).finish();
}

function writeTypeId(writer: Writer, { vendor, type }: EapTypeId): void {
  writer
    .u8(EapType.Expanded)
    .u8(vendor >> 16)
    .u16(vendor & 0xffff)
    .u32(type);
}

/**
 * The answer "not this method, but one of these" (§5.3). A request in the expanded form gets the expanded Nak, any other
 * the legacy one, which cannot name types of vendors.
 */
export function encodeNak(request: EapMessage, wanted: readonly EapTypeId[]): Uint8Array {
  const head = { code: 'response', identifier: request.identifier, vendor: 0, type: EapType.Nak } as const;
  if (request.expanded) {
    const writer = new Writer();
    for (const type of wanted.length > 0 ? wanted : [{ vendor: 0, type: 0 }]) writeTypeId(writer, type);
    return encodeEap({ ...head, expanded: true, data: writer.finish() });
  }
  const legacy = wanted.filter(({ vendor }) => vendor === 0).map(({ type }) => type);
  return encodeEap({ ...head, expanded: false, data: Uint8Array.from(legacy.length > 0 ? legacy : [0]) });
}

/** The types a Nak asks for; empty where it accepts none. Throws DecodeError. */
export function decodeNak(nak: EapMessage): EapTypeId[] {
  const reader = new Reader(nak.data);
  const wanted: EapTypeId[] = [];
  while (reader.remaining > 0) {
    const type = reader.u8('desired type');
    if (!nak.expanded) {
      wanted.push({ vendor: 0, type });
    } else if (type === EapType.Expanded) {
      const [vendor, vendorType] = readTypeId(reader);
      wanted.push({ vendor, type: vendorType });
    } else {
      throw new DecodeError('desired type', `${type} in an expanded Nak`);
    }
  }
  return wanted.filter(({ type }) => type !== 0);
}
