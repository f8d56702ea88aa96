/** Which language is whose. */
import { describe, expect, it } from 'vitest';
import { chooseLanguage } from '#core/text/languages.ts';

describe('the language for somebody', () => {
  it.each([
    [['de-AT', 'en'], 'de'],
    [['EN-gb'], 'en'],
    [['fr-FR', 'de-DE', 'en'], 'de'],
    [['xx', 'fr-FR'], 'en'],
    [[], 'en'],
    [['zh-CN'], 'zh'],
    [['zh'], 'zh'],
    [['zh-Hans-HK', 'en'], 'zh'],
    [['zh-TW', 'de'], 'de'],
    [['zh-Hant-CN', 'en'], 'en'],
    [['den'], 'en'],
  ])('%j: %s', (wished, language) => {
    expect(chooseLanguage(wished)).toBe(language);
  });
});
