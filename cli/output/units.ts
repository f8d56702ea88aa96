/** Amounts for people. Status in JSON carries the bare numbers. */

const PREFIXES = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `0 B`, `1023 B`, `1.5 KiB`, `12 MiB`: two digits or more, powers of 1024. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  let value = count / 1024;
  let at = 0;
  while (value >= 1023.5 && at < PREFIXES.length - 1) {
    value /= 1024;
    at++;
  }
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${PREFIXES[at]}`;
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** The two largest units: `3 d 4 h`, `2 h 3 min`, `59 s`. Never negative. */
export function duration(seconds: number): string {
  let left = Math.max(0, Math.round(seconds));
  const at = Math.max(
    0,
    UNITS.findIndex(([, size]) => left >= size),
  );
  if (left === 0) return '0 s';
  const parts: string[] = [];
  for (const [name, size] of UNITS.slice(at, at + 2)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}

/** Seconds from `now` (milliseconds) until an ISO 8601 time; negative where it has passed. */
export const secondsUntil = (time: string, now: number): number => (Date.parse(time) - now) / 1000;

const two = (part: number): string => String(part).padStart(2, '0');

/** `10:32:05` of today, or `2026-11-20 10:32:05`, in local time. */
export function clockTime(time: string, now: number): string {
  const at = new Date(time);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const sameDay = at.toDateString() === new Date(now).toDateString();
  return sameDay ? clock : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}
