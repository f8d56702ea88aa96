/** The window's languages say the same: same keys (the compiler sees to that), same values in them, real plurals. */
import { compileMessage } from '@lingui/message-utils/compileMessage';
import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '#core/text/languages.ts';
import { CATALOGUES } from '#renderer/i18n/catalogues.ts';
import { en, type MessageId } from '#renderer/i18n/en.ts';

const ids = Object.keys(en) as MessageId[];

/** Names of the values that a message takes. */
function values(message: string): string[] {
  const names = new Set<string>();
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    for (const token of part as unknown[]) {
      if (!Array.isArray(token)) continue;
      names.add(String(token[0]));
      const options: unknown = token[2];
      if (typeof options === 'object' && options !== null) Object.values(options).forEach(walk);
    }
  };
  walk(compileMessage(message));
  return [...names].sort();
}

describe.each(LANGUAGES.filter((language) => language !== 'en'))('%s', (language) => {
  const catalogue = CATALOGUES[language];

  it('takes the values that English takes', () => {
    for (const id of ids) expect([id, values(catalogue[id])]).toEqual([id, values(en[id])]);
  });

  it('is translated', () => {
    // Names, commands and abbreviations are the same everywhere.
    const same = ids.filter((id) => catalogue[id] === en[id] && !id.endsWith('command'));
    expect(same.length).toBeLessThan(ids.length / 10);
    expect(same).not.toContain('action.connect');
  });

  it('has no plural form that its language does not know', () => {
    const forms = new Set<string>(new Intl.PluralRules(language).resolvedOptions().pluralCategories);
    for (const id of ids) {
      for (const [, form] of catalogue[id].matchAll(/(zero|one|two|few|many|other) \{/g))
        expect([id, forms.has(form ?? '')]).toEqual([id, true]);
    }
  });
});

it('finds the values of a message', () => {
  expect(values('{bytes} in {packets, plural, one {# packet of {kind}} other {#}}')).toEqual([
    'bytes',
    'kind',
    'packets',
  ]);
});
