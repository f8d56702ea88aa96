/**
 * How much an import may say: its answer must fit one frame of the helper's socket, whatever the file was.
 */
import { utf8 } from '#core/bytes/bytes.ts';
import { type ImportedProfile, ImportError, type ReportEntry } from '#core/profile/profile.ts';

/** Profiles from one import. */
const MAX_PROFILES = 64;
/** Connections in one import before any of them is looked at: work grows with them times what stands beside them. */
const MAX_CONNECTIONS = 256;

/** Throws ImportError where `name` holds more connections than people have. */
export function boundedCount(name: string, count: number): void {
  if (count <= MAX_CONNECTIONS) return;
  throw new ImportError(
    `${name}: ${count} connections are too many for one import; expected at most ${MAX_CONNECTIONS}`,
  );
}

/** Octets of report texts; a frame has 256 KiB, and JSON adds to them. */
const MAX_REPORTS = 96 * 1024;
const MAX_PROBLEMS = 20;

/** An error with the first problems, a line each, and how many more there are. */
export function problemsError(problems: readonly string[]): ImportError {
  const more = problems.length - MAX_PROBLEMS;
  return new ImportError(
    [...problems.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`and ${more} more problems`] : [])].join('\n'),
  );
}

/** `imported` with reports that fit; what is left out is counted in a last entry. */
export function bounded(imported: readonly ImportedProfile[]): ImportedProfile[] {
  if (imported.length > MAX_PROFILES) {
    throw new ImportError(
      `${imported.length} profiles are too many for one import; expected at most ${MAX_PROFILES}`,
    );
  }
  let room = MAX_REPORTS;
  return imported.map((one) => {
    const kept = one.report.filter((entry) => {
      room -= sizeOf(entry);
      return room >= 0;
    });
    const left = one.report.length - kept.length;
    if (left === 0) return one;
    const more: ReportEntry = {
      outcome: 'refused',
      setting: '…',
      reason: `${left} more settings are not listed`,
    };
    return { ...one, report: [...kept, more] };
  });
}

const sizeOf = ({ setting, value = '', reason = '' }: ReportEntry): number =>
  utf8(setting + value + reason).length + 64;
