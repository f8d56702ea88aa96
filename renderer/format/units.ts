/** Amounts for people. Widths that do not jump come from tabular figures in the style, not from here. */

const PREFIXES = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `0 B`, `1,023 B`, `1.5 KiB`, `12 MiB`: two digits or more, powers of 1024, in the language's digits. */
export function bytes(count: number, language: string): string {
  if (count < 1024) return `${count.toLocaleString(language)} B`;
  let value = count / 1024;
  let at = 0;
  while (value >= 1023.5 && at < PREFIXES.length - 1) {
    value /= 1024;
    at++;
  }
  const digits = value < 9.95 ? 1 : 0;
  const number = value.toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${number} ${PREFIXES[at]}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `0:59`, `2:03:04`, `3 d 4:05:06`: a clock that counts. Never negative. */
export function elapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  const clock =
    days + hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return days > 0 ? `${days} d ${clock}` : clock;
}

/** Seconds between an ISO 8601 time and `now` in milliseconds; negative where it is still to come. */
export const secondsSince = (time: string, now: number): number => (now - Date.parse(time)) / 1000;

/** `[2001:db8::1]:4500` */
export const endpoint = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
