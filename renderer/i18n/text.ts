/** Messages by id, in the language that is active. `useText` is for components, `setLanguage` for main.tsx. */
import { i18n } from '@lingui/core';
import { compileMessage } from '@lingui/message-utils/compileMessage';
import { useLingui } from '@lingui/react';
import type { Language } from '#core/text/languages.ts';
import { CATALOGUES } from './catalogues.ts';
import type { MessageId } from './en.ts';

export type Text = (id: MessageId, values?: Readonly<Record<string, string | number>>) => string;

i18n.setMessagesCompiler(compileMessage);

/** `locale` is the language with its region (`en-GB`), for dates and numbers. */
export function setLanguage(language: Language, locale: string): void {
  active = language;
  i18n.loadAndActivate({ locale, messages: { ...CATALOGUES[language] } });
}

let active: Language = 'en';
/** The active language, for words that core/ has in every language. */
export const activeLanguage = (): Language => active;

export function useText(): Text {
  const { _ } = useLingui();
  return (id, values) => _(id, values);
}

export { i18n };
