/**
 * Which lines of the ring a person wants to see, kept up while lines come and go: each line is looked at once. Also how
 * a line looks as text. Pure.
 */
import type { LogEntry } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { LogRing } from '../../stores/log-ring.ts';

/** The gravest first; a level shows itself and what is graver. */
export const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type Level = LogEntry['level'];

export interface Wanted {
  readonly level: Level;
  /** Empty is all. */
  readonly subsystem: string;
  readonly search: string;
}

/** Longer than the helper's own lines. */
const MOST_CHARACTERS = 4096;

/** One line of text; from outside, so nothing in it is invisible or active. */
export function lineOf({ time, level, subsystem, profile, message }: LogEntry): string {
  const about = profile === undefined ? subsystem : `${subsystem}[${profile}]`;
  return printable(`${time} ${level.padEnd(5)} ${about}: ${message}`, MOST_CHARACTERS);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

export function matcher({ level, subsystem, search }: Wanted): (entry: LogEntry) => boolean {
  const least = LEVELS.indexOf(level);
  const text = search.trim() === '' ? undefined : new RegExp(escaped(search.trim()), 'iu');
  return (entry) =>
    LEVELS.indexOf(entry.level) <= least &&
    (subsystem === '' || entry.subsystem === subsystem) &&
    (text === undefined ||
      text.test(entry.message) ||
      text.test(entry.subsystem) ||
      (entry.profile !== undefined && text.test(entry.profile)));
}

export class LogFilter {
  readonly #ring: LogRing;
  readonly #matches: (entry: LogEntry) => boolean;
  /** Numbers of lines in the ring, rising; those before `#start` have left it. */
  #numbers: number[] = [];
  #start = 0;
  #seen: number;

  constructor(ring: LogRing, wanted: Wanted) {
    this.#ring = ring;
    this.#matches = matcher(wanted);
    this.#seen = ring.first;
    this.update();
  }

  get size(): number {
    return this.#numbers.length - this.#start;
  }

  /** Looks at what is new, forgets what is gone. Returns how many of those that were shown are gone. */
  update(): number {
    const { first, end } = this.#ring;
    const before = this.#start;
    while ((this.#numbers[this.#start] ?? first) < first) this.#start++;
    const gone = this.#start - before;
    if (this.#start > 4096 && this.#start > this.#numbers.length / 2) {
      this.#numbers = this.#numbers.slice(this.#start);
      this.#start = 0;
    }
    for (let number = Math.max(this.#seen, first); number < end; number++) {
      const entry = this.#ring.at(number);
      if (entry && this.#matches(entry)) this.#numbers.push(number);
    }
    this.#seen = end;
    return gone;
  }

  /** The number in the ring of the line shown at `index`. */
  numberAt(index: number): number | undefined {
    return this.#numbers[this.#start + index];
  }

  /** Where the line of this number is shown, or the next one after it. */
  indexOf(number: number): number {
    let [low, high] = [this.#start, this.#numbers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low - this.#start;
  }

  entryAt(index: number): LogEntry | undefined {
    const number = this.numberAt(index);
    return number === undefined ? undefined : this.#ring.at(number);
  }

  /** The newest lines as text, as many as fit `characters`, and how many they are. */
  text(characters: number): { readonly text: string; readonly count: number } {
    const lines: string[] = [];
    let left = characters;
    for (let index = this.size - 1; index >= 0; index--) {
      const entry = this.entryAt(index);
      if (!entry) continue;
      const line = `${lineOf(entry)}\n`;
      left -= line.length;
      if (left < 0) break;
      lines.push(line);
    }
    return { text: lines.toReversed().join(''), count: lines.length };
  }
}

/** Which of `count` rows of one height to draw: those in sight, and some around. */
export function windowOf(
  count: number,
  scrolled: number,
  height: number,
  row: number,
  around = 8,
): { readonly from: number; readonly to: number } {
  const from = Math.max(0, Math.min(count, Math.floor(scrolled / row) - around));
  return { from, to: Math.min(count, Math.ceil((scrolled + height) / row) + around) };
}
