/** Attributes of TTLS (RFC 5281 §10): Diameter's layout, RADIUS's meaning. Read and written by both halves of TTLS. */
import { concat } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';

const VENDOR_SPECIFIC = 0x80;
const MANDATORY = 0x40;
const HEADER_BYTES = 8;
const VENDOR_BYTES = 4;
const MICROSOFT = 311;

/** The attributes that TTLS uses (§11.2; RFC 2548 §2 for Microsoft's). */
const Avp = {
  userName: { vendor: 0, code: 1 },
  userPassword: { vendor: 0, code: 2 },
  chapPassword: { vendor: 0, code: 3 },
  replyMessage: { vendor: 0, code: 18 },
  chapChallenge: { vendor: 0, code: 60 },
  eapMessage: { vendor: 0, code: 79 },
  msChapError: { vendor: MICROSOFT, code: 2 },
  msChapChallenge: { vendor: MICROSOFT, code: 11 },
  msChap2Response: { vendor: MICROSOFT, code: 25 },
  msChap2Success: { vendor: MICROSOFT, code: 26 },
} as const;

export type AvpName = keyof typeof Avp;

/** The octets of each attribute; one that came several times is joined, as EAP-Message is meant to be. */
export type Avps = ReadonlyMap<AvpName, Uint8Array>;

const NAMES = Object.entries(Avp) as [AvpName, (typeof Avp)[AvpName]][];

/** Reads a sequence of attributes. Unknown ones are skipped unless they must not be (§10.1). Throws DecodeError. */
export function decodeAvps(bytes: Uint8Array): Avps {
  const reader = new Reader(bytes);
  const found = new Map<AvpName, Uint8Array>();
  while (reader.remaining > 0) {
    const code = reader.u32('AVP code');
    const flagsAndLength = reader.u32('AVP length');
    const flags = flagsAndLength >>> 24;
    const hasVendor = (flags & VENDOR_SPECIFIC) !== 0;
    const vendor = hasVendor ? reader.u32('AVP vendor') : 0;
    const header = HEADER_BYTES + (hasVendor ? VENDOR_BYTES : 0);
    const length = (flagsAndLength & 0xffffff) - header;
    const data = reader.bytes(length, `AVP ${code}`);
    // The last one may come without its padding: nothing follows that would need it.
    reader.skip(Math.min(-length & 3, reader.remaining), 'AVP padding');
    const name = NAMES.find(([, avp]) => avp.code === code && avp.vendor === vendor)?.[0];
    if (name !== undefined) {
      found.set(name, concat(found.get(name) ?? new Uint8Array(0), data));
    } else if ((flags & MANDATORY) !== 0) {
      throw new DecodeError(
        'AVP',
        `${vendor === 0 ? '' : `vendor ${vendor} `}${code} is mandatory and unknown`,
      );
    }
  }
  return found;
}

/** Writes attributes in the order given, all of them mandatory, each padded to four octets. */
export function encodeAvps(avps: readonly (readonly [name: AvpName, data: Uint8Array])[]): Uint8Array {
  const writer = new Writer();
  for (const [name, data] of avps) {
    const { vendor, code } = Avp[name];
    const header = HEADER_BYTES + (vendor === 0 ? 0 : VENDOR_BYTES);
    const flags = MANDATORY | (vendor === 0 ? 0 : VENDOR_SPECIFIC);
    writer
      .u32(code)
      .u8(flags)
      .u8((header + data.length) >> 16)
      .u16((header + data.length) & 0xffff);
    if (vendor !== 0) writer.u32(vendor);
    writer.bytes(data).zeros(-data.length & 3);
  }
  return writer.finish();
}
