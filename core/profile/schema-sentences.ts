/**
 * What a schema finds wrong, in sentences that name the field, what was expected and what stood there. Called by
 * adit-json.ts and swanctl.ts.
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

/** One sentence an issue. `input` is what was parsed; its values are quoted, but never those of unknown fields. */
export function sentences(error: z.ZodError, input: unknown): string[] {
  return error.issues.map((issue) => {
    const field = issue.path.join('.');
    const sentence = sentenceOf(issue, valueAt(input, issue.path));
    return field === '' ? sentence : `${printable(field)}: ${sentence}`;
  });
}

function sentenceOf(issue: z.core.$ZodIssue, found: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const shownKeys = issue.keys.slice(0, 8).map((key) => `"${printable(key, 64)}"`);
    const keys = [...shownKeys, ...(issue.keys.length > 8 ? ['…'] : [])].join(', ');
    return `${keys} is not known here; remove it, or see docs/profile-format.md for the fields there are`;
  }
  if (found === undefined) return `is missing; expected ${expectation(issue)}`;
  return `expected ${expectation(issue)}, found ${shown(found)}`;
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
