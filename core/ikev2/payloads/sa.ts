/**
 * Security Association payload (RFC 7296 §3.3): proposals, their transforms, the Key Length attribute. What the
 * numbers mean is not decided here; ike/select-proposal.ts chooses.
 */
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { Proposal, Transform } from '#core/ike/proposal.ts';
import { securityProtocols, SecurityProtocol } from '#core/registry/security-protocols.ts';
import type { PayloadOf } from '../payload-types.ts';

/** "Last Substruc": another one follows, or none (§3.3.1, §3.3.2). */
const MORE = { PROPOSAL: 2, TRANSFORM: 3, NONE: 0 } as const;

/** Key Length, in the short form of an attribute: type 14 with the format bit set (§3.3.5). */
const KEY_LENGTH = 0x800e;

export function encode(payload: PayloadOf<'SA'>): Uint8Array {
  const writer = new Writer();
  for (const [i, proposal] of payload.proposals.entries()) {
    const start = writer.length;
    writer
      .u8(i < payload.proposals.length - 1 ? MORE.PROPOSAL : MORE.NONE)
      .u8(0)
      .u16(0)
      .u8(proposal.number)
      .u8(proposal.protocol)
      .u8(proposal.spi.length)
      .u8(proposal.transforms.length)
      .bytes(proposal.spi);
    for (const [at, transform] of proposal.transforms.entries()) {
      encodeTransform(writer, transform, at === proposal.transforms.length - 1);
    }
    writer.patchU16(start + 2, writer.length - start);
  }
  return writer.finish();
}

function encodeTransform(writer: Writer, transform: Transform, last: boolean): void {
  const { type, id, keyBits } = transform;
  writer
    .u8(last ? MORE.NONE : MORE.TRANSFORM)
    .u8(0)
    .u16(keyBits === undefined ? 8 : 12)
    .u8(type)
    .u8(0)
    .u16(id);
  if (keyBits !== undefined) writer.u16(KEY_LENGTH).u16(keyBits);
}

export function decode(body: Uint8Array): PayloadOf<'SA'> {
  const reader = new Reader(body);
  const proposals: Proposal[] = [];
  do proposals.push(decodeProposal(reader));
  while (reader.remaining > 0);
  return { kind: 'SA', proposals };
}

/** Reads "Last Substruc", which repeats what the lengths say, and returns the length that follows. */
function readSubstructure(reader: Reader, more: number, field: string): Reader {
  const last = reader.u8(`${field} marker`);
  reader.skip(1, 'reserved');
  const length = reader.u16(`${field} length`);
  if (last !== more && last !== MORE.NONE) throw new DecodeError(`${field} marker`, `is ${last}`);
  const content = reader.sub(length - 4, field);
  if ((last === MORE.NONE) !== (reader.remaining === 0)) {
    throw new DecodeError(`${field} marker`, `is ${last}, ${reader.remaining} octets follow`);
  }
  return content;
}

function decodeProposal(outer: Reader): Proposal {
  const reader = readSubstructure(outer, MORE.PROPOSAL, 'proposal');
  const number = reader.u8('proposal number');
  const protocol = reader.u8('protocol');
  const spiLength = reader.u8('SPI size');
  const count = reader.u8('number of transforms');
  checkSpiLength(protocol, spiLength);
  const spi = reader.bytes(spiLength, 'SPI');
  const transforms: Transform[] = [];
  while (reader.remaining > 0) transforms.push(decodeTransform(reader));
  if (transforms.length !== count) {
    throw new DecodeError('number of transforms', `says ${count}, there are ${transforms.length}`);
  }
  return { number, protocol, spi, transforms };
}

/** The SPI has its protocol's size, or is absent in the first proposal of an IKE SA (§3.3.1). */
function checkSpiLength(protocol: number, length: number): void {
  const expected = securityProtocols.row(protocol)?.spiBytes;
  if (expected === undefined || length === expected) return;
  if (protocol === SecurityProtocol.IKE && length === 0) return;
  throw new DecodeError('SPI size', `is ${length} for ${securityProtocols.nameOf(protocol)}`);
}

function decodeTransform(outer: Reader): Transform {
  const reader = readSubstructure(outer, MORE.TRANSFORM, 'transform');
  const type = reader.u8('transform type');
  reader.skip(1, 'reserved');
  const id = reader.u16('transform ID');
  let keyBits: number | undefined;
  let unknownAttribute = false;
  while (reader.remaining > 0) {
    const attribute = reader.u16('attribute type');
    const value = reader.u16('attribute value');
    if (attribute === KEY_LENGTH && keyBits === undefined) keyBits = value;
    else unknownAttribute = true;
    // Without the format bit the second number is the length of a value that follows.
    if (attribute < 0x8000) reader.skip(value, 'attribute value');
  }
  return {
    type,
    id,
    ...(keyBits === undefined ? {} : { keyBits }),
    ...(unknownAttribute ? { unknownAttribute } : {}),
  };
}
