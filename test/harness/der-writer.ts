/** DER by hand (X.690), for certificates that no tool would make. Used by x509-forge.ts and the tests of core/pki. */
import { concat, EMPTY, utf8 } from '#core/bytes/bytes.ts';

export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(...parts);
  const { length } = content;
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return concat(
    Uint8Array.from(length < 128 ? [tag, length] : [tag, 128 + octets.length, ...octets]),
    content,
  );
}

export const seq = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...parts);
export const explicit = (n: number, ...parts: readonly Uint8Array[]): Uint8Array => tlv(0xa0 + n, ...parts);
export const octetString = (content: Uint8Array): Uint8Array => tlv(4, content);
export const bitString = (content: Uint8Array, unused = 0): Uint8Array =>
  tlv(3, Uint8Array.of(unused), content);
export const nothing = tlv(5, EMPTY);
export const bool = (value: boolean): Uint8Array => tlv(1, Uint8Array.of(value ? 0xff : 0));
export const enumerated = (value: number): Uint8Array => tlv(10, Uint8Array.of(value));
export const ia5 = (text: string, tag = 22): Uint8Array => tlv(tag, utf8(text));

export function integer(value: number | bigint): Uint8Array {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`;
  return tlv(2, Uint8Array.from(Buffer.from(hex, 'hex')));
}

export function oid(text: string): Uint8Array {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  const octets = [first * 40 + second, ...others].flatMap((arc) => {
    const base128 = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
      base128.unshift((rest % 128) + 128);
    return base128;
  });
  return tlv(6, Uint8Array.from(octets));
}

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** GeneralizedTime. */
export function generalizedTime(ms: number): Uint8Array {
  const at = new Date(ms);
  const day = pad(at.getUTCFullYear(), 4) + pad(at.getUTCMonth() + 1) + pad(at.getUTCDate());
  return ia5(`${day}${pad(at.getUTCHours())}${pad(at.getUTCMinutes())}${pad(at.getUTCSeconds())}Z`, 24);
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
export function x509Time(ms: number): Uint8Array {
  const general = generalizedTime(ms);
  return new Date(ms).getUTCFullYear() < 2050 ? tlv(23, general.subarray(4)) : general;
}
