/** Every reason that the golden reports of the importers hold can be told in each language. */
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '#core/text/languages.ts';
import { translatedReason } from '#renderer/i18n/import-reasons.ts';

const golden = new URL('../../fixtures/profiles/golden/', import.meta.url).pathname;
const reasons = new Set(
  globSync('**/*.txt', { cwd: golden }).flatMap((file) =>
    [...readFileSync(golden + file, 'utf8').matchAll(/^ {9}\((.*)\)$/gm)].map(([, reason]) => reason ?? ''),
  ),
);

describe('the reasons of an import', () => {
  it('are many', () => {
    expect(reasons.size).toBeGreaterThan(100);
  });

  it.each(LANGUAGES)('have words in %s', (language) => {
    const without = [...reasons].filter((reason) => translatedReason(reason, language) === undefined);
    expect(without).toEqual([]);
  });

  it('in English are what the helper said', () => {
    for (const reason of reasons) expect(translatedReason(reason, 'en')).toBe(reason);
  });

  it('keep their values', () => {
    expect(
      translatedReason('left out: "foo42" is no algorithm that Adit knows: try aes192, aes128', 'de'),
    ).toBe('entfällt: „foo42“ ist kein Verfahren, das Adit kennt: versuchen Sie aes192, aes128');
    expect(
      translatedReason('becomes child.lifetimeSec 1980; Adit chooses the moment of rekeying itself', 'zh'),
    ).toBe('改为 child.lifetimeSec 1980；更换密钥的时机由 Adit 决定');
  });

  it('stay as they are where nobody has translated them', () => {
    expect(translatedReason('the moon is full', 'de')).toBeUndefined();
  });
});
