/** The languages Adit speaks, and which of them suits somebody. The window, the tray and the failures use it. */

export const LANGUAGES = ['en', 'de', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/**
 * The first of the wished languages (BCP 47 tags such as `de-AT`, best first) that there is: `de-AT` takes `de`. Chinese in
 * traditional characters is another written language: whoever wishes for it gets the next wish instead.
 */
export function chooseLanguage(wished: readonly string[]): Language {
  for (const tag of wished) {
    const [primary, ...rest] = tag.toLowerCase().split('-');
    const traditional =
      primary === 'zh' &&
      rest.some((part) => ['hant', 'tw', 'hk', 'mo'].includes(part)) &&
      !rest.includes('hans');
    const found = traditional ? undefined : LANGUAGES.find((language) => language === primary);
    if (found !== undefined) return found;
  }
  return 'en';
}
