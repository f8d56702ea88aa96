/** Every sentence of the helper about an SA that is gone can be told in each language. */
import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { goneReason } from '#renderer/i18n/gone-reasons.ts';

const helper = new URL('../../../helper/tunnel/', import.meta.url).pathname;
const text = globSync('*.ts', { cwd: helper })
  .map((file) => readFileSync(helper + file, 'utf8'))
  .join('\n');
/** The rows of `GONE`, and what the data plane's limits are told as. */
const table = /const GONE\b[^=]*= \{([^}]*)\}/.exec(text)?.[1] ?? '';
const sentences = [
  ...[...table.matchAll(/: '([^'\n]*)',/g)].map(([, one]) => one ?? ''),
  ...(text.includes('`it reached its limit of ${reason}`')
    ? ['bytes', 'packets'].map((what) => `it reached its limit of ${what}`)
    : []),
];

it('are found in the sources of the helper', () => {
  expect(sentences).toHaveLength(8);
});

it.each(['de', 'zh'] as const)('have words in %s', (language) => {
  expect(sentences.filter((one) => goneReason(one, language) === one)).toEqual([]);
});

it('stay as they are in English, and where nobody has translated them', () => {
  expect(sentences.map((one) => goneReason(one, 'en'))).toEqual(sentences);
  expect(goneReason('the moon is full', 'de')).toBe('the moon is full');
});
