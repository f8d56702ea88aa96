/**
 * Every setting of a file gets an answer, whatever its format: importers turn files into sections with settings. A
 * row of a setting table (swanctl-connection.ts, sswan.ts, …) is a function that reads one setting, writes what it can
 * into the draft, and answers: taken, changed, ignored, refused, or a problem, which keeps the connection from being
 * imported at all.
 */
import type { ReportEntry } from '#core/profile/profile.ts';
import type { Section, Setting } from '#core/profile/swanctl-parser.ts';
import { readNumber, readSwitch, readTime, readVolume } from '#core/profile/swanctl-values.ts';
import { printable } from '#core/text/printable.ts';

/** Answers collected while one connection is read. */
export class Answers {
  readonly entries: ReportEntry[] = [];
  /** Sentences, each beginning with its place; any of them refuses the connection. */
  readonly problems: string[] = [];

  add(outcome: ReportEntry['outcome'], setting: string, value?: string, reason?: string): void {
    this.entries.push({
      outcome,
      setting: printable(setting),
      ...(value === undefined ? {} : { value: printable(value) }),
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** `place` is empty for what is missing. */
  problem(place: string, setting: string, sentence: string): void {
    this.problems.push(`${place === '' ? '' : `${place}: `}${printable(setting)}: ${sentence}`);
  }
}

/** Last names of settings whose values may be secrets, known or not. */
const SECRET =
  /(secret|passw|pwd|psk|ppk(?!.?(id|mandatory|required))|presharedkey|credential|\bpin\b|token)[^.]*$/i;
export const maySecret = (path: string): boolean => SECRET.test(path);

/** One setting with the means to answer it. */
export class Item {
  readonly value: string;
  /** What the report shows of the value; undefined for secrets. */
  #shown: string | undefined;
  /** `connections.home.dpd_delay` */
  readonly path: string;
  readonly #place: string;
  readonly #answers: Answers;

  constructor(path: string, setting: Setting, answers: Answers) {
    this.path = path;
    this.value = setting.value;
    this.#shown = maySecret(path) ? undefined : setting.value;
    this.#place = setting.place;
    this.#answers = answers;
  }

  /** Shows `text` in place of the value: undefined for a secret, a size for a file. */
  showing(text: string | undefined): this {
    this.#shown = text;
    return this;
  }

  taken(): void {
    this.#answers.add('taken', this.path, this.#shown);
  }

  changed(reason: string): void {
    this.#answers.add('changed', this.path, this.#shown, reason);
  }

  ignored(reason: string): void {
    this.#answers.add('ignored', this.path, this.#shown, reason);
  }

  refused(reason: string): void {
    this.#answers.add('refused', this.path, this.#shown, reason);
  }

  missing(reason: string): void {
    this.#answers.add('missing', this.path, undefined, reason);
  }

  problem(sentence: string): void {
    this.#answers.problem(this.#place, this.path, sentence);
  }

  /** The value as a reader sees it, or a problem that says what was expected. */
  #read<T>(reader: (text: string) => T | undefined, expected: string): T | undefined {
    const read = reader(this.value);
    if (read === undefined) this.problem(`"${printable(this.value, 64)}" is not ${expected}`);
    return read;
  }

  number(): number | undefined {
    return this.#read(readNumber, 'a whole number');
  }

  time(): number | undefined {
    return this.#read(readTime, 'a time such as 30s, 5m or 4h');
  }

  volume(): number | undefined {
    return this.#read(readVolume, 'a number of bytes such as 500M or 2G');
  }

  switch(): boolean | undefined {
    return this.#read(readSwitch, '"yes" or "no"');
  }
}

/** A section of `entries` alone, for formats that have no sections of swanctl's kind. `place` is where they stand. */
export function sectionOf(entries: Iterable<readonly [string, string]>, place: string): Section {
  const settings = new Map([...entries].map(([key, value]) => [key, { value, place }]));
  return { settings, sections: new Map(), references: [], includes: [] };
}

/** What to do with a setting; `draft` is the part of the profile that the section fills. */
export type Row<Draft> = (item: Item, draft: Draft) => void;
export type Table<Draft> = Readonly<Record<string, Row<Draft>>>;

const UNKNOWN = 'this setting is unknown to Adit';

/** Answers every setting of `section` by `table`. Keys count without regard to case; empty values mean the default. `unknown` answers what has no row. */
export function answerSettings<Draft>(
  section: Section,
  path: string,
  table: Table<Draft>,
  draft: Draft,
  answers: Answers,
  unknown: Row<Draft> = (item) => item.refused(UNKNOWN),
): void {
  for (const [key, setting] of section.settings) {
    const item = new Item(path === '' ? key : `${path}.${key}`, setting, answers);
    const name = key.toLowerCase();
    if (setting.value === '') item.ignored('empty: the default stays');
    else if (Object.hasOwn(table, name)) table[name]?.(item, draft);
    else unknown(item, draft);
  }
  for (const include of section.includes) {
    answers.add(
      'refused',
      `${path}.include`,
      include.value,
      'Adit opens no other files: give them to the same import',
    );
  }
}

/** Gives everything below `section` the same answer. `hidden` withholds the values: they may be secrets. */
export function answerAll(
  section: Section,
  path: string,
  outcome: 'ignored' | 'refused',
  reason: string,
  answers: Answers,
  hidden = false,
): void {
  for (const [key, setting] of section.settings) {
    answers.add(outcome, `${path}.${key}`, hidden ? undefined : setting.value, reason);
  }
  for (const include of section.includes) answers.add('refused', `${path}.include`, include.value, reason);
  for (const [name, inner] of section.sections) {
    answerAll(inner, `${path}.${name}`, outcome, reason, answers, hidden);
  }
}

/** A row for what has no effect on us. */
export const ignore =
  (reason: string): Row<unknown> =>
  (item) =>
    item.ignored(reason);

/** A row for what a profile must never bring along. */
export const refuse =
  (reason: string): Row<unknown> =>
  (item) =>
    item.refused(reason);

/** Rows for a switch that we have in one position only; `reason` says what becomes of the other. */
const only =
  (position: boolean) =>
  (reason: string): Row<unknown> =>
  (item) => {
    const on = item.switch();
    if (on === position) item.taken();
    else if (on !== undefined) item.ignored(reason);
  };
export const onlyOff: (reason: string) => Row<unknown> = only(false);
export const onlyOn: (reason: string) => Row<unknown> = only(true);
