/** Puts the language and the look that were chosen on the page. main.tsx starts with the system's, app.tsx follows. */
import { useEffect } from 'react';
import { chooseLanguage } from '#core/text/languages.ts';
import type { Settings } from '#electron/bridge-contract.ts';
import { setLanguage } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';

/** Dates and numbers follow the person's region where it is one of the language's: `de-AT`. */
export function showLanguage(wish: Settings['language']): void {
  const language = wish === 'system' ? chooseLanguage(navigator.languages) : wish;
  setLanguage(language, navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language);
  document.documentElement.lang = language;
}

export function useAppearance(): void {
  const language = useApp((state) => state.settings?.language);
  const theme = useApp((state) => state.settings?.theme);
  useEffect(() => {
    if (language) showLanguage(language);
  }, [language]);
  useEffect(() => {
    if (theme) document.documentElement.dataset['theme'] = theme;
  }, [theme]);
}
