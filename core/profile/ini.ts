/**
 * Files of `[section]` and `key=value` lines: NetworkManager keyfiles, Windows phone books, Cisco profiles. Lines that
 * begin with `#` or `;` are comments; a key that stands twice keeps its first value and the section's name counts as
 * written. Blanks before a value do not count, those behind it are the caller's to judge. Called by networkmanager.ts and pbk.ts.
 */
import { ImportError } from '#core/profile/profile.ts';

export interface IniSection {
  readonly name: string;
  readonly line: number;
  readonly entries: Map<string, string>;
}

/** Lines that no profile has. */
const MAX_LINES = 20_000;

/** Sections in their order; what stands before the first is dropped. Throws ImportError. */
export function parseIni(name: string, text: string): IniSection[] {
  const lines = text.split(/\r?\n/);
  if (lines.length > MAX_LINES) throw new ImportError(`${name}: more than ${MAX_LINES} lines`);
  const sections: IniSection[] = [];
  for (const [at, raw] of lines.entries()) {
    const line = raw.trimStart();
    const title = /^\[(.{1,256})\]\s*$/.exec(line)?.[1];
    if (title !== undefined) sections.push({ name: title, line: at + 1, entries: new Map() });
    const equals = line.indexOf('=');
    if (title !== undefined || equals < 1 || line.startsWith('#') || line.startsWith(';')) continue;
    const key = line.slice(0, equals).trim();
    const entries = sections.at(-1)?.entries;
    // GLib's blanks, no others: a secret may begin with one that only Unicode calls so.
    if (entries && !entries.has(key)) entries.set(key, line.slice(equals + 1).replace(/^[ \t\f\r]+/, ''));
  }
  return sections;
}

/** With no blanks at either end of a value. */
export const trimmed = (section: IniSection): IniSection => ({
  ...section,
  entries: new Map([...section.entries].map(([key, value]) => [key, value.trim()])),
});
