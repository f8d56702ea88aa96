/** What certificates are shown by: dates and fingerprints. */

/** `21 November 2026`, as the language writes it. */
export const date = (time: string, locale: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(new Date(time));

/** Hex in groups of four, four groups a line: what two people can read to each other. */
export function fingerprint(hex: string): string[] {
  const groups = hex.toUpperCase().match(/.{1,4}/g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < groups.length; at += 4) lines.push(groups.slice(at, at + 4).join(' '));
  return lines;
}
