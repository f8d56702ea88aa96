/**
 * Profiles into the formats of others: .sswan, .mobileconfig, swanctl.conf. Secrets go along only where the caller
 * hands them over. What a format has no place for is found by importing the result again and comparing, so the report
 * cannot be wrong. The CLI and the interface call it for people who move to another client.
 */
import { toMobileconfig } from '#core/profile/export-mobileconfig.ts';
import type { ExportReason } from '#core/profile/export-reason.ts';
import { toSswan } from '#core/profile/export-sswan.ts';
import { toSwanctl } from '#core/profile/export-swanctl.ts';
import { inEnglish } from '#core/profile/export-words.ts';
import { importFiles } from '#core/profile/import.ts';
import {
  ImportError,
  type Profile,
  profileSchema,
  type ReportEntry,
  type Secrets,
} from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';

export interface ExportedFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** What an exporter needs beside the profile. */
export interface ExportInputs {
  /** Written into the files in clear text. Empty: none. */
  readonly secrets: Secrets;
  /** A fresh UUID (RFC 9562) at each call. */
  readonly uuid: () => string;
}

/** The profile needs what the format does not know at all; the message says what, in English. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly why: ExportReason;
  constructor(profile: Profile, why: ExportReason) {
    super(`${printable(profile.name)}: ${inEnglish(why)}`);
    this.why = why;
  }
}

const EXPORTERS = { sswan: toSswan, mobileconfig: toMobileconfig, swanctl: toSwanctl } as const;
export type ExportFormat = keyof typeof EXPORTERS;
export const EXPORT_FORMATS = Object.keys(EXPORTERS) as readonly ExportFormat[];

/** The files, the profile's first, and every field that they do not carry. Throws ExportError. */
export function exportAs(
  format: ExportFormat,
  profile: Profile,
  inputs: ExportInputs,
): { readonly files: readonly ExportedFile[]; readonly left: readonly ReportEntry[] } {
  const answer = EXPORTERS[format](profile, inputs);
  if ('problem' in answer) throw new ExportError(profile, answer.problem);
  return { files: answer.files, left: differences(profile, inputs.secrets, answer.files) };
}

function differences(profile: Profile, secrets: Secrets, files: readonly ExportedFile[]): ReportEntry[] {
  const again = imported(profile, files);
  const [before, after] = [leaves(profile, ''), new Map(leaves(again.profile, ''))];
  const kept = new Map(Object.entries(again.secrets));
  const lost = Object.entries(secrets).filter(
    ([name, text]) => text !== undefined && kept.get(name) !== text,
  );
  const fields = before.flatMap(([setting, value]) =>
    after.get(setting) === value
      ? []
      : [
          {
            outcome: 'changed' as const,
            setting,
            value: printable(value),
            ...told(becomes(after.get(setting))),
          },
        ],
  );
  return [...fields, ...lost.map(([setting]) => withoutPlace(setting))];
}

/** Of a secret that was handed over. */
export const withoutPlace = (setting: string): ReportEntry => ({
  outcome: 'missing',
  setting,
  ...told({ reason: 'no-place' }),
});

const told = (why: ExportReason): Pick<ReportEntry, 'reason' | 'why'> => ({ reason: inEnglish(why), why });

const becomes = (value: string | undefined): ExportReason =>
  value === undefined || value === ''
    ? { reason: 'no-place' }
    : { reason: 'nearest', text: printable(value) };

function imported(
  profile: Profile,
  files: readonly ExportedFile[],
): { readonly profile: Profile; readonly secrets: Secrets } {
  try {
    const [first] = importFiles(files);
    return { profile: profileSchema.parse(first?.profile), secrets: first?.secrets ?? {} };
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new ExportError(profile, { reason: 'not-read-back', text: error.message });
  }
}

/** Each value with its path, as text. */
function leaves(value: unknown, path: string): [string, string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, inner]) =>
      leaves(inner, path === '' ? key : `${path}.${key}`),
    );
  }
  return [[path, Array.isArray(value) ? value.join(', ') : String(value)]];
}
