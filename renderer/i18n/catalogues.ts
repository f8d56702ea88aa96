/** The languages there are. A catalogue that lacks a message of en.ts does not compile. */
import { type Catalogue, en } from './en.ts';

export const CATALOGUES: Readonly<Record<string, Catalogue>> = { en };

/** The first of the wished languages that there is: `de-AT` takes `de`. */
export function chooseLanguage(wished: readonly string[]): string {
  const primary = wished.map((tag) => tag.toLowerCase().split('-')[0] ?? '');
  return primary.find((language) => language in CATALOGUES) ?? 'en';
}
