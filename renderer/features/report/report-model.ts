/**
 * A problem report: what is in it, section by section, as text, in English for whoever helps. Secrets are not in what it
 * is made of: the helper never tells them, and of profiles only their shape is taken. Pure; report-view.tsx shows it.
 */
import type { HelperInfo, LogEntry, ProfileSummary, Result, Status } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { About, HelperLink, ShownSettings } from '#electron/bridge-contract.ts';
import { lineOf } from '../logs/log-filter.ts';
import { knownTerms } from './known-terms.ts';
import { CATEGORIES, type Category, Redactor } from './redaction.ts';

/** Whatever could not be had is absent. */
export interface Collected {
  /** ISO 8601 */
  readonly madeAt: string;
  readonly versions: About['versions'];
  readonly link: HelperLink;
  readonly settings: ShownSettings | undefined;
  readonly info?: HelperInfo | undefined;
  readonly checks?: Result<'doctor.run'>['checks'] | undefined;
  readonly status?: Status | undefined;
  readonly summaries: readonly ProfileSummary[];
  /** As `profiles.get` gives them; perhaps not all. */
  readonly profiles: readonly unknown[];
  readonly log: readonly LogEntry[];
}

export const SECTIONS = ['versions', 'helper', 'checks', 'status', 'profiles', 'settings', 'log'] as const;
export type SectionId = (typeof SECTIONS)[number];

export interface Section {
  readonly id: SectionId;
  readonly text: string;
}

/** The newest lines are those that tell. */
export const LOG_LINES = 1000;

/** Fields of a profile whose texts are words of ours. */
const WORDS: ReadonlySet<string> = new Set([
  'format',
  'method',
  'methods',
  'innerMethod',
  'encapsulation',
  'postQuantum',
  'proposals',
  'quirks',
]);
const COMMON: ReadonlySet<string> = new Set(['dynamic', '0.0.0.0/0', '::/0']);

/** A profile without what its texts say: which settings there are, and numbers, switches and our own words. */
export function shapeOf(value: unknown, field = ''): unknown {
  if (typeof value === 'string') {
    const isWord = WORDS.has(field) && /^[a-z0-9_-]{1,96}$/.test(value);
    return isWord || COMMON.has(value) ? value : '(text)';
  }
  if (Array.isArray(value)) return value.map((one) => shapeOf(one, field));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one, key)]));
  return value;
}

function shapes({ summaries, profiles }: Collected): unknown {
  const counted = new Map<string, number>();
  for (const profile of profiles) {
    const shape = JSON.stringify(shapeOf(profile));
    counted.set(shape, (counted.get(shape) ?? 0) + 1);
  }
  return {
    profiles: summaries.length,
    looked: profiles.length,
    storedSecrets: tally(summaries.flatMap(({ storedSecrets }) => storedSecrets)),
    missingSecrets: tally(summaries.flatMap(({ missingSecrets }) => missingSecrets)),
    shapes: [...counted].map(([shape, times]) => ({ times, shape: JSON.parse(shape) as unknown })),
  };
}

const tally = (names: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...new Set(names)].sort().map((name) => [name, names.filter((one) => one === name).length]),
  );

const CONTENTS: Readonly<Record<SectionId, (from: Collected) => unknown>> = {
  versions: ({ versions }) => Object.fromEntries(versions),
  helper: ({ link, info }) => ({ link, ...(info === undefined ? {} : { info }) }),
  checks: ({ checks }) => checks,
  status: ({ status }) => status,
  profiles: (from) => (from.summaries.length === 0 ? undefined : shapes(from)),
  settings: ({ settings }) => settings,
  log: ({ log }) => (log.length === 0 ? undefined : log.slice(-LOG_LINES)),
};

/** All that there is, redacted but for the categories that are `kept`. */
export function sectionsOf(collected: Collected, kept: ReadonlySet<Category>): readonly Section[] {
  const { summaries, profiles, status, settings, log } = collected;
  const redactor = new Redactor(
    knownTerms(
      summaries.map(({ id, name, gateway }) => ({ id, name, gateway })),
      profiles,
      status?.tunnels,
      settings && { connectAtStart: settings.connectAtStart },
      log.map(({ profile }) => ({ profile })),
    ),
    kept,
  );
  return SECTIONS.flatMap((id) => {
    const content = CONTENTS[id](collected);
    return content === undefined ? [] : [{ id, text: textOf(redactor.value(content)) }];
  });
}

const isLog = (content: unknown): content is LogEntry[] =>
  Array.isArray(content) &&
  content.every((one) => typeof one === 'object' && one !== null && 'subsystem' in one);

function textOf(content: unknown): string {
  if (isLog(content)) return content.map(lineOf).join('\n');
  // What JSON leaves as it is may still turn a line around.
  return JSON.stringify(content, null, 2)
    .split('\n')
    .map((line) => printable(line, 16_384))
    .join('\n');
}

/** The file as it is saved: a head that says what it is, then the sections that were not left out. */
export function reportText(
  { madeAt }: Collected,
  sections: readonly Section[],
  leftOut: ReadonlySet<SectionId>,
  kept: ReadonlySet<Category>,
): string {
  const listed = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));
  const head = [
    'Adit problem report',
    `Made ${madeAt}`,
    `Replaced by stand-ins: ${listed(CATEGORIES.filter((category) => !kept.has(category)))}`,
    `Left in: ${listed(CATEGORIES.filter((category) => kept.has(category)))}`,
    `Left out: ${listed(sections.map(({ id }) => id).filter((id) => leftOut.has(id)))}`,
  ];
  const parts = sections.filter(({ id }) => !leftOut.has(id)).map(({ id, text }) => `== ${id} ==\n${text}`);
  return `${[head.join('\n'), ...parts].join('\n\n')}\n`;
}
