/**
 * The last lines of the log, bounded, each under a number that stays its own. What the log view and the problem report
 * read; log.ts keeps the one there is. Pure.
 */
import type { LogEntry } from '#core/ipc/contract.ts';

export const MOST_LINES = 100_000;

export class LogRing {
  readonly #most: number;
  readonly #lines: LogEntry[] = [];
  /** The number that the next line gets. */
  #end = 0;

  constructor(most: number = MOST_LINES) {
    this.#most = most;
  }

  get size(): number {
    return this.#lines.length;
  }

  /** Numbers of the oldest line that is kept, and of the one that comes next. */
  get first(): number {
    return this.#end - this.#lines.length;
  }
  get end(): number {
    return this.#end;
  }

  at(number: number): LogEntry | undefined {
    return number < this.first || number >= this.#end ? undefined : this.#lines[number % this.#most];
  }

  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#lines[this.#end % this.#most] = entry;
      this.#end++;
    }
  }

  /** Appends what is new in `entries`, the newest that the helper kept: they may begin with lines that are here already. */
  merge(entries: readonly LogEntry[]): void {
    this.append(entries.slice(this.#known(entries)));
  }

  /** How many at the beginning of `entries` end this ring. */
  #known(entries: readonly LogEntry[]): number {
    for (let known = Math.min(entries.length, this.size); known > 0; known--) {
      const start = this.#end - known;
      // From the end: a line that differs shows soon.
      let same = known;
      while (same > 0 && isSame(entries[same - 1], this.at(start + same - 1))) same--;
      if (same === 0) return known;
    }
    return 0;
  }

  /** The newest `count`, the oldest of them first. */
  newest(count: number): LogEntry[] {
    const from = Math.max(this.first, this.#end - count);
    return Array.from({ length: this.#end - from }, (_, at) => this.at(from + at)).filter(
      (entry) => entry !== undefined,
    );
  }
}

function isSame(one: LogEntry | undefined, other: LogEntry | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.time === other.time &&
    one.message === other.message &&
    one.level === other.level &&
    one.subsystem === other.subsystem &&
    one.profile === other.profile
  );
}
