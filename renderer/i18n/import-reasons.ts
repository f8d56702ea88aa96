/**
 * Why an import took, changed or left out a setting: the helper says it in English, here in the other languages
 * (import-reason-rows.ts). A sentence without a row stays English. Values are names of
 * settings, files and algorithms: the same everywhere. report-entries.tsx asks; import-reasons.test.ts sees that every reason
 * of the golden reports, and every one that the importers' sources hold, has its row. Why an export leaves something out has
 * a type of its own (core/profile/export-reason.ts).
 */
import type { Language } from '#core/text/languages.ts';
import { ROWS, type Row } from './import-reason-rows.ts';

interface Pattern {
  readonly matches: RegExp;
  readonly row: Row;
}

/** More words first: `left out: {1}` takes what nothing better takes. A value holds no `;`, which joins sentences. */
const PATTERNS: readonly Pattern[] = ROWS.map((one) => ({
  matches: new RegExp(
    `^${one.en
      .split(/\{\d\}/)
      .map(escaped)
      .join('([^;]+?)')}$`,
  ),
  row: one,
})).sort((a, b) => literal(b.row.en) - literal(a.row.en));

/** With its marks meaning themselves. */
function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function literal(sentence: string): number {
  return sentence.replaceAll(/\{\d\}/g, '').length;
}

/** The reason in a language, which may be several sentences joined by `; `; undefined where one has no row. */
export function translatedReason(reason: string, language: Language): string | undefined {
  const whole = sentence(reason, language);
  if (whole !== undefined) return whole;
  for (let at = reason.indexOf('; '); at >= 0; at = reason.indexOf('; ', at + 1)) {
    const first = sentence(reason.slice(0, at), language);
    const rest = first === undefined ? undefined : translatedReason(reason.slice(at + 2), language);
    if (rest !== undefined) return `${first}${language === 'zh' ? '；' : '; '}${rest}`;
  }
  return undefined;
}

function sentence(reason: string, language: Language): string | undefined {
  for (const { matches, row: found } of PATTERNS) {
    const values = matches.exec(reason);
    if (values) return found[language].replaceAll(/\{(\d)\}/g, (_, at: string) => values[Number(at)] ?? '');
  }
  return undefined;
}
