/**
 * Profiles in our own format (profile.ts, docs/profile-format.md): JSON, strict, without secrets. Called by import.ts.
 */
import { problemsError } from '#core/profile/bounds.ts';
import { checkProfile } from '#core/profile/check.ts';
import { missingEntries } from '#core/profile/missing.ts';
import { type ImportedProfile, ImportError, profileSchema, type ReportEntry } from '#core/profile/profile.ts';
import { sentences } from '#core/profile/schema-sentences.ts';
import { printable } from '#core/text/printable.ts';

/** The value that the JSON `text` stands for. Throws ImportError with the line; the text itself is not quoted. */
export function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const line = text.slice(0, position === undefined ? text.length : Number(position)).split('\n').length;
    throw new ImportError(
      `${name}:${line}: this is not valid JSON from here on: the file is damaged; ask for it once more`,
    );
  }
}

/** A profile from its parsed JSON. Throws ImportError that lists every problem, a line each. */
export function importAditJson(name: string, value: unknown): ImportedProfile {
  const parsed = profileSchema.safeParse(value);
  const problems = parsed.success ? checkProfile(parsed.data) : sentences(parsed.error, value);
  if (!parsed.success || problems.length > 0) {
    throw problemsError(problems.map((problem) => `${name}: ${problem}`));
  }
  return {
    profile: parsed.data,
    secrets: {},
    report: [
      ...leaves(value, '').map(
        ([setting, text]): ReportEntry => ({ outcome: 'taken', setting, value: printable(text) }),
      ),
      ...missingEntries(parsed.data, {}),
    ],
  };
}

/** Each text, number and switch with the path to it. */
function leaves(value: unknown, path: string): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  if (Array.isArray(value)) return [[path, value.join(', ')]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}
