/** docs/profile-format.md lists the schema's fields, all of them and no others, with their defaults. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { utf8 } from '#core/bytes/bytes.ts';
import { importFiles } from '#core/profile/import.ts';
import { profileSchema } from '#core/profile/profile.ts';

const page = readFileSync(new URL('../../../docs/profile-format.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly oneOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
  readonly default?: unknown;
}

/** `ike.lifetimeSec` and its schema, for each leaf. */
function leaves(schema: JsonSchema, path: string): [string, JsonSchema, boolean][] {
  return [schema, ...(schema.oneOf ?? [])].flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties).flatMap(([key, inner]): [string, JsonSchema, boolean][] => {
      const name = path === '' ? key : `${path}.${key}`;
      return inner.properties || inner.oneOf ? leaves(inner, name) : [[name, inner, required.includes(key)]];
    }),
  );
}

/** A field that several methods have counts once. */
const fields = [
  ...new Map(
    leaves(z.toJSONSchema(profileSchema, { io: 'input' }) as JsonSchema, '').map((leaf) => [leaf[0], leaf]),
  ).values(),
];

describe('docs/profile-format.md', () => {
  it('lists every field, in the order of the schema', () => {
    expect(rows.map(([, field]) => field)).toEqual(fields.map(([name]) => `\`${name}\``));
  });

  it.each(fields)('tells the default of %s', (name, schema, required) => {
    const cell = rows.find(([, field]) => field === `\`${name}\``)?.[3] ?? '';
    const value = schema.default;
    const texts = Array.isArray(value) ? value.map(String) : [String(value)];
    const written = texts.map((text) => `\`${text}\``).join(', ');
    const expected = required ? /^required$/ : value === undefined || texts.length === 0 ? /^[a-zA-Z]/ : null;
    expect(expected === null ? cell === written : expected.test(cell)).toBe(true);
  });

  it('shows an example that can be imported', () => {
    const example = /\n\n( {4}\{[\s\S]*?\n {4}\})\n/.exec(page)?.[1] ?? '';
    expect(importFiles([{ name: 'example', content: utf8(example) }])[0]?.profile.name).toBe('Work');
  });
});
