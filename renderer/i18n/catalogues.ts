/** The window's words in every language there is. A catalogue that lacks a message of en.ts does not compile. */
import type { Language } from '#core/text/languages.ts';
import { de } from './de.ts';
import { type Catalogue, en } from './en.ts';
import { zh } from './zh.ts';

export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { en, de, zh };
