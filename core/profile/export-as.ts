/**
 * Profiles into the formats of others: .sswan, .mobileconfig, swanctl.conf. Secrets go along only where the caller
 * hands them over. What a format has no place for is found by importing the result again and comparing, so the report
 * cannot be wrong. The CLI and the interface call it for people who move to another client.
 */
import { toMobileconfig } from '#core/profile/export-mobileconfig.ts';
import { toSswan } from '#core/profile/export-sswan.ts';
import { toSwanctl } from '#core/profile/export-swanctl.ts';
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

/** The profile needs what the format does not know at all; the message says what. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
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
  if ('problem' in answer) throw new ExportError(`${printable(profile.name)}: ${answer.problem}`);
  return { files: answer.files, left: differences(profile, inputs.secrets, answer.files) };
}

function differences(profile: Profile, secrets: Secrets, files: readonly ExportedFile[]): ReportEntry[] {
  const again = imported(files);
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
            reason: becomes(after.get(setting)),
          },
        ],
  );
  return [
    ...fields,
    ...lost.map(([setting]) => ({
      outcome: 'missing' as const,
      setting,
      reason: 'the format has no place for it',
    })),
  ];
}

const becomes = (value: string | undefined): string =>
  value === undefined || value === ''
    ? 'the format has no place for it'
    : `the nearest that the format can say: ${printable(value)}`;

function imported(files: readonly ExportedFile[]): { readonly profile: Profile; readonly secrets: Secrets } {
  try {
    const [first] = importFiles(files);
    return { profile: profileSchema.parse(first?.profile), secrets: first?.secrets ?? {} };
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new ExportError(`the file would not be understood again: ${error.message}`);
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
