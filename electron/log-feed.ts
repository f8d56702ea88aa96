/**
 * The helper's log on its way to the page: followed only while the page shows it and somebody sees the page, passed on in
 * batches, kept nowhere. main.ts makes the one there is.
 */
import type { LogEntry } from '#core/ipc/contract.ts';
import type { BridgeEvent } from './bridge-contract.ts';
import type { LogNews } from './helper-connection.ts';

export type LogBatch = Extract<BridgeEvent, { topic: 'log' }>;

/** Four batches a second look live. */
export const BATCH_EVERY_MS = 250;
/** Of what comes faster the newest are passed on. */
export const MAX_BATCH = 2000;

export interface LogFeedOptions {
  /** Asks the helper to begin or to end. */
  readonly follow: (on: boolean) => Promise<void>;
  readonly send: (batch: LogBatch) => void;
}

export class LogFeed {
  readonly #options: LogFeedOptions;
  #isWanted = false;
  #isSeen = true;
  #follows = false;
  #waiting: LogEntry[] = [];
  #missed = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LogFeedOptions) {
    this.#options = options;
  }

  /** What the page says. Throws where the helper says no. */
  async setWanted(isWanted: boolean): Promise<void> {
    this.#isWanted = isWanted;
    await this.#adjust();
  }

  /** What the window says. A helper that is gone meanwhile is told elsewhere. */
  setSeen(isSeen: boolean): void {
    this.#isSeen = isSeen;
    this.#adjust().catch(() => undefined);
  }

  hear(news: LogNews): void {
    if (!this.#follows) return;
    if ('snapshot' in news) {
      this.#forget();
      this.#options.send({ topic: 'log', isSnapshot: true, entries: news.snapshot, missed: 0 });
      return;
    }
    this.#waiting.push(news.entry);
    if (this.#waiting.length > 2 * MAX_BATCH) this.#cut();
    this.#timer ??= setTimeout(() => this.#pass(), BATCH_EVERY_MS);
  }

  async #adjust(): Promise<void> {
    const follows = this.#isWanted && this.#isSeen;
    if (follows === this.#follows) return;
    this.#follows = follows;
    if (!follows) this.#forget();
    await this.#options.follow(follows);
  }

  #pass(): void {
    this.#cut();
    const [entries, missed] = [this.#waiting, this.#missed];
    this.#forget();
    this.#options.send({ topic: 'log', isSnapshot: false, entries, missed });
  }

  #cut(): void {
    const over = this.#waiting.length - MAX_BATCH;
    if (over <= 0) return;
    this.#waiting = this.#waiting.slice(over);
    this.#missed += over;
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#missed = 0;
  }
}
