/** What the words of every language are made with. */
import { printable } from '#core/text/printable.ts';
import type { FailureOf } from './words.ts';

export const listed = (texts: readonly string[], none: string): string =>
  texts.length === 0 ? none : texts.map((text) => printable(text)).join(', ');

/** Causes that exclude each other, as one sentence. */
export const oneOf = (texts: readonly string[], comma: string, or: string, end: string): string =>
  [texts.slice(0, -1).join(comma), ...texts.slice(-1)].join(or) + end;

/** Each address once. */
export const addresses = (tried: readonly { readonly address: string }[], none: string): string =>
  listed([...new Set(tried.map(({ address }) => address))], none);

export function endpointText({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${printable(address)}]:${port}` : `${printable(address)}:${port}`;
}

/** A phrase of the helper's as a sentence. The helper speaks English. */
export function asSentence(phrase: string): string {
  const text = printable(phrase, 512);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}

const DAY_MS = 86_400_000;
const DAYS_OF_CYCLE = 146_097;

/** The date of a time, as `2026-11-21`: the calendar's arithmetic, since core/ has no clock. */
export function dateOf(ms: number): string {
  const days = Math.floor(ms / DAY_MS) + 719_468;
  const cycle = Math.floor(days / DAYS_OF_CYCLE);
  const day = days - cycle * DAYS_OF_CYCLE;
  const year = Math.floor(
    (day - Math.floor(day / 1_460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365,
  );
  const ofYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const month = Math.floor((5 * ofYear + 2) / 153);
  const ofMonth = ofYear - Math.floor((153 * month + 2) / 5) + 1;
  const shown = month < 10 ? month + 3 : month - 9;
  const full = year + cycle * 400 + (shown <= 2 ? 1 : 0);
  return `${full}-${String(shown).padStart(2, '0')}-${String(ofMonth).padStart(2, '0')}`;
}

/** Whose right is missing in `wrong-usage`: the certificate's purpose, a CA's to issue, or the key's own to sign. */
export type LackingUsage = 'purpose' | 'issuer-key' | 'own-key';

export function lackingUsage(
  extension: 'keyUsage' | 'extendedKeyUsage',
  wanted: readonly string[],
): LackingUsage {
  if (extension === 'extendedKeyUsage') return 'purpose';
  return wanted.includes('keyCertSign') ? 'issuer-key' : 'own-key';
}

/** What a bare AUTHENTICATION_FAILED most likely is about, as far as we know more than the gateway says. */
export type Refusal =
  | 'psk'
  | 'ppk'
  | 'expired'
  | 'issuer'
  | 'certificate'
  | 'before-login'
  | 'after-login'
  | 'other';

export function refusalOf({
  method,
  issuer,
  expiredAt,
  afterLogin,
  ppk,
}: FailureOf<'authentication-refused'>): Refusal {
  if (afterLogin === true) return ppk === true ? 'ppk' : 'after-login';
  if (expiredAt !== undefined) return 'expired';
  if (issuer !== undefined) return 'issuer';
  if (ppk === true) return 'ppk';
  if (method === 'psk' || method === 'certificate') return method;
  return method === 'eap' ? 'before-login' : 'other';
}

/** Whether every address that was tried has nobody listening. */
export const allClosed = ({ tried, closed = [] }: FailureOf<'no-answer'>): boolean =>
  tried.length > 0 && closed.length === tried.length;
