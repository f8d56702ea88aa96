/**
 * Values of swanctl.conf(5): times, volumes, numbers, switches, lists, secrets. Each reader answers `undefined` for
 * what it cannot read; answers.ts turns that into a sentence. Called by the setting tables.
 */
import { fromBase64 } from '#core/bytes/base64.ts';
import { fromHex, utf8 } from '#core/bytes/bytes.ts';

/** Decimal, or hexadecimal after `0x`. */
export function readNumber(text: string): number | undefined {
  if (!/^(\d{1,15}|0[xX][0-9a-fA-F]{1,12})$/.test(text)) return undefined;
  return Number(text);
}

const TIME_UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };

/** Seconds, from `30`, `30s`, `5m`, `4h`, `1d`. */
export function readTime(text: string): number | undefined {
  return readScaled(text, TIME_UNITS);
}

const VOLUME_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Octets, from `1000000`, `500K`, `500M`, `2G`. */
export function readVolume(text: string): number | undefined {
  return readScaled(text, VOLUME_UNITS);
}

function readScaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = /^(\S*?) *([a-zA-Z]?)$/.exec(text) ?? [];
  const count = readNumber(digits ?? '');
  const scale = Object.hasOwn(units, (unit ?? '').toLowerCase())
    ? units[(unit ?? '').toLowerCase()]
    : undefined;
  if (count === undefined || scale === undefined) return undefined;
  return Number.isSafeInteger(count * scale) ? count * scale : undefined;
}

const SWITCH: Readonly<Record<string, boolean>> = {
  yes: true,
  true: true,
  enabled: true,
  '1': true,
  no: false,
  false: false,
  disabled: false,
  '0': false,
};

export function readSwitch(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return Object.hasOwn(SWITCH, word) ? SWITCH[word] : undefined;
}

/** Items between commas, without the blanks around them and without empty ones. */
export function readList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Octets of a secret: text, hexadecimal after `0x`, base64 after `0s`. `undefined` where the prefix promises too much. */
export function readSecret(text: string): Uint8Array | undefined {
  if (/^0x/i.test(text)) {
    const digits = text.slice(2).replaceAll(':', '');
    if (!/^[0-9a-fA-F]+$/.test(digits)) return undefined;
    return fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
  }
  if (/^0s/i.test(text)) return fromBase64(text.slice(2));
  return utf8(text);
}
