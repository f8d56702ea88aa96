/**
 * What a schema finds wrong: the field, what stood there and what was expected, apart for a form or in one sentence.
 * Called by adit-json.ts, draft.ts and the helper's calls, by the helper for `profiles.update`, and by the form of the window.
 */
import type { z } from 'zod';
import type { Counted, Found, ValueType, Violation } from '#core/profile/violation.ts';
import { printable } from '#core/text/printable.ts';

const TYPES: Readonly<Record<ValueType, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};
const isValueType = (name: string): name is ValueType => Object.hasOwn(TYPES, name);

const UNITS: Readonly<Record<Counted, string>> = {
  number: '',
  characters: ' characters',
  entries: ' entries',
};
const countedIn = (origin: string): Counted =>
  origin === 'string' ? 'characters' : origin === 'array' ? 'entries' : 'number';

/** The field is a path such as `gateway.port`, or empty; problem and remedy are `found 70000` and `expected …`. */
interface SchemaProblem {
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
  /** Absent where zod has words of its own. */
  readonly violation?: Violation;
}
type Finding = Omit<SchemaProblem, 'field'>;

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

/** `value` is beyond a bound. The form of the window, which has no validator, finds it so, too. */
export function outOfBound(
  bound: { readonly least: number } | { readonly most: number },
  of: Counted,
  value: unknown,
): Finding {
  const found = foundIn(value);
  return 'least' in bound
    ? finding(found, `at least ${bound.least}${UNITS[of]}`, { rule: 'too-small', ...bound, of, found })
    : finding(found, `at most ${bound.most}${UNITS[of]}`, { rule: 'too-big', ...bound, of, found });
}

function problemOf(issue: z.core.$ZodIssue, value: unknown): Finding {
  const found = foundIn(value);
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownField(issue.keys);
    case 'invalid_type': {
      const { expected } = issue;
      return isValueType(expected)
        ? finding(found, TYPES[expected], { rule: 'type', expected, found })
        : finding(found, expected);
    }
    case 'invalid_value':
      return oneOf(issue.values, found);
    case 'too_small':
      return outOfBound({ least: Number(issue.minimum) }, countedIn(issue.origin), value);
    case 'too_big':
      return outOfBound({ most: Number(issue.maximum) }, countedIn(issue.origin), value);
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? oneOf(issue.options, found)
        : finding(found, 'another value');
    default:
      // Messages of our own schemas read `must be …`.
      return finding(found, issue.message.replace(/^must be /, ''));
  }
}

const finding = (found: Found, expected: string, violation?: Violation): Finding => ({
  problem: wordsOf(found),
  remedy: `expected ${expected}`,
  ...(violation === undefined ? {} : { violation }),
});

function oneOf(values: readonly unknown[], found: Found): Finding {
  const options = values.map((value) => JSON.stringify(value) ?? 'nothing');
  return finding(found, options.join(' or '), { rule: 'choice', options, found });
}

function unknownField(keys: readonly string[]): Finding {
  const fields = [...keys.slice(0, 8).map((key) => printable(key, 64)), ...(keys.length > 8 ? ['…'] : [])];
  return {
    problem: `${fields.map((field) => (field === '…' ? field : `"${field}"`)).join(', ')} is not known here`,
    remedy: 'remove it, or see docs/profile-format.md for the fields there are',
    violation: { rule: 'unknown-field', fields },
  };
}

function wordsOf(found: Found): string {
  if (found.kind === 'value') return `found ${found.text}`;
  if (found.kind === 'list') return `found a list of ${found.count}`;
  return found.kind === 'object' ? 'found an object' : 'is missing';
}

function foundIn(value: unknown): Found {
  if (value === undefined) return { kind: 'nothing' };
  if (Array.isArray(value)) return { kind: 'list', count: value.length };
  if (typeof value === 'object' && value !== null) return { kind: 'object' };
  return { kind: 'value', text: printable(JSON.stringify(value) ?? typeof value, 64) };
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return value;
}
