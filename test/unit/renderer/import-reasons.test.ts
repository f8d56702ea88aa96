/** Every reason that the importers give can be told in each language: those of the golden reports, and those in their sources. */
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

const sources = new URL('../../../core/profile/', import.meta.url).pathname;
const textOf = (file: string): string => readFileSync(sources + file, 'utf8');
const SHARED = textOf('reasons.ts');
const LITERAL = `('[^'\\n]*'|\`[^\`]*\`)`;

/** What the text of a literal becomes: `LATER` and its like by their words, other values by some text. */
function spoken(literal: string): string {
  // What a file is belongs to the sentence: a row has it in words.
  const value = (name: string): string => (name === 'what' ? 'our certificate' : 'a1');
  return literal
    .slice(1, -1)
    .replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => constant(name, '') ?? value(name));
}

function constant(name: string, file: string): string | undefined {
  const found = new RegExp(`const ${name} =\\s*${LITERAL};`).exec(`${file}\n${SHARED}`)?.[1];
  return found === undefined ? undefined : spoken(found);
}

const TABLES = /const (?:KINDS|OTHER_SECTIONS|PREFIXES|REASONS)\b[\s\S]*?\n[\]}];/g;

/** Of one importer: what stands first in a call that answers a setting, the sentences of `answers.add`, and those of tables. */
function reasonsIn(file: string): string[] {
  const answers = '(?:ignore|refuse|onlyOff|onlyOn|changed|ignored|refused|missing)\\(\\s*';
  const [said, named] = [new RegExp(answers + LITERAL, 'g'), new RegExp(`${answers}([A-Z_]+)[,)]`, 'g')];
  const added = [...file.matchAll(/answers\.add\([\s\S]*?\);/g)].flatMap(([call]) =>
    [...call.matchAll(new RegExp(LITERAL, 'g'))].flatMap(([, one]) => one ?? []),
  );
  const tables = [...file.matchAll(TABLES)].flatMap(([table]) =>
    [...table.matchAll(new RegExp(LITERAL, 'g'))].flatMap(([, one]) => one ?? []),
  );
  const sentences = [...added, ...tables].filter((one) => /\w \w/.test(one) && !one.includes('${'));
  return [
    ...[...file.matchAll(said)].map(([, one]) => spoken(one ?? '')),
    ...[...file.matchAll(named)].flatMap(([, name]) => constant(name ?? '', file) ?? []),
    ...sentences.map(spoken),
  ];
}
const inSources = globSync('*.ts', { cwd: sources }).map((file) => [file, reasonsIn(textOf(file))] as const);

describe('the reasons in the sources', () => {
  it('are many', () => {
    expect(inSources.flatMap(([, found]) => found).length).toBeGreaterThan(200);
  });

  it.each(LANGUAGES)('have words in %s', (language) => {
    const without = inSources.flatMap(([file, found]) =>
      found.filter((one) => translatedReason(one, language) === undefined).map((one) => `${file}: ${one}`),
    );
    expect(without).toEqual([]);
  });
});

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
