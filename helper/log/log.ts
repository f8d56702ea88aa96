/**
 * The helper's log: every line has a level, a subsystem and, where it is about one tunnel, a profile. Lines go to
 * sinks (file-sink.ts, standard error), to a ring that `events.subscribe` starts from, and to its subscribers.
 * Text from a peer is data: control characters are written as escapes, so that nothing can forge a line.
 */
import type { LogEntry } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Clock } from '../clock.ts';

type LogLevel = LogEntry['level'];

export type LogSink = (entry: LogEntry) => void;

/** Lines that a new subscriber can still see. */
const RING_ENTRIES = 2000;
/** A peer's text must not fill the disk with one line. */
const MESSAGE_CHARACTERS = 2000;

const SEVERITY: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

/** What the parts of the helper hold: a voice with its subsystem (and profile) already said. */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
  forProfile(id: string): Logger;
}

export class Log {
  readonly #clock: Clock;
  readonly #level: LogLevel;
  readonly #sinks: readonly LogSink[];
  #ring: LogEntry[] = [];
  readonly #listeners = new Set<LogSink>();

  constructor(clock: Clock, sinks: readonly LogSink[], level: LogLevel = 'debug') {
    this.#clock = clock;
    this.#sinks = sinks;
    this.#level = level;
  }

  logger(subsystem: string, profile?: string): Logger {
    const at = (level: LogLevel) => (message: string) => this.#write(level, subsystem, message, profile);
    return {
      error: at('error'),
      warn: at('warn'),
      info: at('info'),
      debug: at('debug'),
      forProfile: (id) => this.logger(subsystem, id),
    };
  }

  /** The last lines, oldest first. */
  recent(): readonly LogEntry[] {
    return this.#ring;
  }

  /** No new subscriber sees what was said of a profile until now. The sinks keep it. */
  forget(profile: string): void {
    this.#ring = this.#ring.filter((entry) => entry.profile !== profile);
  }

  /** Calls for each new line until the returned function is called. */
  subscribe(listener: LogSink): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #write(level: LogLevel, subsystem: string, message: string, profile: string | undefined): void {
    if (SEVERITY[level] > SEVERITY[this.#level]) return;
    const entry: LogEntry = {
      time: new Date(this.#clock.wall()).toISOString(),
      level,
      subsystem,
      message: printable(message, MESSAGE_CHARACTERS),
      ...(profile === undefined ? {} : { profile }),
    };
    this.#ring.push(entry);
    if (this.#ring.length > RING_ENTRIES) this.#ring.shift();
    for (const sink of this.#sinks) sink(entry);
    for (const listener of this.#listeners) listener(entry);
  }
}

/** One line of text for files and terminals. */
export function formatEntry(entry: LogEntry): string {
  const about = entry.profile === undefined ? entry.subsystem : `${entry.subsystem}[${entry.profile}]`;
  return `${entry.time} ${entry.level.padEnd(5)} ${about}: ${entry.message}`;
}

/** What a thrown value says, for a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
