/**
 * As much of the D-Bus wire format (D-Bus Specification, "Message Protocol") as one subscription needs: method calls
 * with strings, and the headers of what comes back. Pure. Called by logind.ts.
 */
import { DecodeError } from '#core/bytes/reader.ts';

/** Message types. */
export const METHOD_RETURN = 2;
export const ERROR = 3;
export const SIGNAL = 4;

/** The bus may send 128 MiB; nothing that is asked for comes near this. */
const MOST_OCTETS = 64 * 1024;

export interface BusMessage {
  readonly type: number;
  /** The serial of the call it answers. */
  readonly replyTo: number | undefined;
  readonly path: string | undefined;
  readonly member: string | undefined;
  /** Present where it was sent to us alone: a broadcast that a match lets through has none. */
  readonly destination: string | undefined;
  /** The body, where it is one boolean. */
  readonly flag: boolean | undefined;
}

/** A call of the bus itself. */
export function busCall(serial: number, member: string, ...args: readonly string[]): Uint8Array {
  const header = new Writer();
  // Little-endian, METHOD_CALL, no flags, version 1; the length of the body goes to offset 4.
  header.raw(0x6c, 1, 0, 1).u32(0).u32(serial);
  const fields = new Writer();
  fields.field(PATH, 'o', '/org/freedesktop/DBus');
  fields.field(DESTINATION, 's', 'org.freedesktop.DBus');
  fields.field(INTERFACE, 's', 'org.freedesktop.DBus');
  fields.field(MEMBER, 's', member);
  if (args.length > 0) fields.align(8).raw(SIGNATURE).signature('g').signature('s'.repeat(args.length));
  // The header's 12 octets and the length of the fields before them are a multiple of eight.
  header
    .u32(fields.octets.length)
    .raw(...fields.octets)
    .align(8);
  const body = new Writer();
  for (const arg of args) body.text(arg);
  const message = Uint8Array.from([...header.octets, ...body.octets]);
  new DataView(message.buffer).setUint32(4, body.octets.length, true);
  return message;
}

/** Octets of the first message in `bytes`; undefined while they are too few to tell. Throws DecodeError. */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 16) return undefined;
  const { view, little } = open(bytes);
  const [body, fields] = [view.getUint32(4, little), view.getUint32(12, little)];
  if (body + fields > MOST_OCTETS) throw new DecodeError('message', `${body + fields} octets`);
  return align(16 + fields, 8) + body;
}

/** One whole message. Throws DecodeError. */
export function decodeMessage(bytes: Uint8Array): BusMessage {
  const { view, little } = open(bytes);
  const end = 16 + view.getUint32(12, little);
  if (end > bytes.length) throw new DecodeError('fields', 'they end behind the message');
  const fields = new Map<number, string | number>();
  for (let at = 16; at < end; ) {
    at = align(at, 8);
    if (at + 4 > end) throw new DecodeError('fields', `${end - at} octets at ${at}`);
    const [code, type] = [view.getUint8(at), String.fromCharCode(view.getUint8(at + 2))];
    const value = readValue(bytes, view, little, at + 4, type, end);
    fields.set(code, value.value);
    at = value.end;
  }
  const text = (code: number): string | undefined => {
    const value = fields.get(code);
    return typeof value === 'string' ? value : undefined;
  };
  const replyTo = fields.get(REPLY_SERIAL);
  const body = align(end, 8);
  const isFlag = text(SIGNATURE) === 'b' && body + 4 <= bytes.length;
  return {
    type: view.getUint8(1),
    replyTo: typeof replyTo === 'number' ? replyTo : undefined,
    path: text(PATH),
    member: text(MEMBER),
    destination: text(DESTINATION),
    flag: isFlag ? view.getUint32(body, little) === 1 : undefined,
  };
}

const PATH = 1;
const INTERFACE = 2;
const MEMBER = 3;
const REPLY_SERIAL = 5;
const DESTINATION = 6;
const SIGNATURE = 8;

const align = (at: number, to: number): number => Math.ceil(at / to) * to;

function open(bytes: Uint8Array): { readonly view: DataView; readonly little: boolean } {
  if (bytes.length < 16) throw new DecodeError('message', `${bytes.length} octets`);
  const [order = 0] = bytes;
  if ((order !== 0x6c && order !== 0x42) || bytes[3] !== 1)
    throw new DecodeError('message', 'no D-Bus of version 1');
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), little: order === 0x6c };
}

/** The value of a header field at `at`, right after its signature: a string, a path, a signature or a number. */
function readValue(
  bytes: Uint8Array,
  view: DataView,
  little: boolean,
  at: number,
  type: string,
  end: number,
): { readonly value: string | number; readonly end: number } {
  const start = type === 'g' ? at : align(at, 4);
  const head = type === 'g' ? 1 : 4;
  if (!'sogu'.includes(type) || start + head > end) throw new DecodeError('field', `type ${type} at ${at}`);
  if (type === 'u') return { value: view.getUint32(start, little), end: start + head };
  const length = type === 'g' ? view.getUint8(start) : view.getUint32(start, little);
  const from = start + head;
  if (from + length + 1 > end) throw new DecodeError('field', `${length} octets of text at ${at}`);
  return { value: Buffer.from(bytes.subarray(from, from + length)).toString('utf8'), end: from + length + 1 };
}

class Writer {
  readonly octets: number[] = [];

  raw(...octets: readonly number[]): this {
    this.octets.push(...octets);
    return this;
  }

  align(to: number): this {
    while (this.octets.length % to !== 0) this.octets.push(0);
    return this;
  }

  u32(value: number): this {
    return this.align(4).raw(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
  }

  text(text: string): this {
    const octets = Buffer.from(text, 'utf8');
    return this.u32(octets.length).raw(...octets, 0);
  }

  signature(text: string): this {
    return this.raw(text.length, ...Buffer.from(text, 'latin1'), 0);
  }

  field(code: number, type: 's' | 'o', value: string): this {
    return this.align(8).raw(code).signature(type).text(value);
  }
}
