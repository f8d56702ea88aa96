/**
 * What a schema finds wrong: the field, what stood there and what was expected, apart for a form or in one sentence.
 * Called by adit-json.ts and swanctl.ts, and by the helper for `profiles.update`.
 */
import type { z } from 'zod';
import { printable } from '#core/text/printable.ts';

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' };

/** The field is a path such as `gateway.port`, or empty; problem and remedy are `found 70000` and `expected …`. */
export interface SchemaProblem {
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
}

/** One an issue. `input` is what was parsed; its values are quoted, but never those of unknown fields. */
export function schemaProblems(error: z.ZodError, input: unknown): SchemaProblem[] {
  return error.issues.map((issue) => ({
    field: printable(issue.path.join('.')),
    ...problemOf(issue, valueAt(input, issue.path)),
  }));
}

/** The same, one sentence an issue. */
export function sentences(error: z.ZodError, input: unknown): string[] {
  return schemaProblems(error, input).map(({ field, problem, remedy }) => {
    const sentence = problem.startsWith('found ') ? `${remedy}, ${problem}` : `${problem}; ${remedy}`;
    return field === '' ? sentence : `${field}: ${sentence}`;
  });
}

function problemOf(issue: z.core.$ZodIssue, found: unknown): Omit<SchemaProblem, 'field'> {
  if (issue.code === 'unrecognized_keys') {
    const shownKeys = issue.keys.slice(0, 8).map((key) => `"${printable(key, 64)}"`);
    const keys = [...shownKeys, ...(issue.keys.length > 8 ? ['…'] : [])].join(', ');
    return {
      problem: `${keys} is not known here`,
      remedy: 'remove it, or see docs/profile-format.md for the fields there are',
    };
  }
  const remedy = `expected ${expectation(issue)}`;
  return { problem: found === undefined ? 'is missing' : `found ${shown(found)}`, remedy };
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return `at least ${issue.minimum}${UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `at most ${issue.maximum}${UNITS[issue.origin] ?? ''}`;
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? issue.options.map((option) => JSON.stringify(option)).join(' or ')
        : 'another value';
    default:
      // Messages of our own schemas read `must be …`.
      return issue.message.replace(/^must be /, '');
  }
}

function shown(found: unknown): string {
  if (Array.isArray(found)) return `a list of ${found.length}`;
  if (typeof found === 'object' && found !== null) return 'an object';
  return printable(JSON.stringify(found) ?? typeof found, 64);
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return value;
}
