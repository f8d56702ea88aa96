/**
 * What was typed and not saved, when the window is about to close or the application to quit: the person is asked, once,
 * whether to save it, to discard it or to go on. The page says whether there is something (`app.unsaved`), and does what
 * was answered; the truth is what it says afterwards. main.ts has the one there is.
 */
import type { UnsavedWish } from './bridge-contract.ts';
import type { Ask } from './quitting.ts';
import type { Words } from './words.ts';

/** A page that has not answered by then has not saved: the window stays. */
const SAVED_WITHIN_MS = 10_000;

export interface UnsavedOptions {
  readonly ask: Ask;
  readonly words: () => Pick<Words, 'unsavedQuestion'>;
  /** Brings the window into sight: the question is about what stands in it. */
  readonly open: () => void;
  readonly tell: (wish: UnsavedWish) => void;
  /** Returns how to cancel. */
  readonly setTimer: (ms: number, then: () => void) => () => void;
}

export class Unsaved {
  /** Whether there is something to lose. */
  isThere = false;
  readonly #options: UnsavedOptions;
  #asking: Promise<boolean> | undefined;
  #heard: (() => void) | undefined;

  constructor(options: UnsavedOptions) {
    this.#options = options;
  }

  /** The page's word; after a wish to save it is the answer to it. */
  hear(isThere: boolean): void {
    this.isThere = isThere;
    this.#heard?.();
  }

  /** Whether the window may go. Whoever asks while the person is being asked gets the same answer. */
  mayGo(): Promise<boolean> {
    if (!this.isThere) return Promise.resolve(true);
    this.#asking ??= this.#askPerson().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #askPerson(): Promise<boolean> {
    const { ask, words, open, tell } = this.#options;
    open();
    const { message, detail, save, discard, cancel } = words().unsavedQuestion;
    const pressed = await ask({ message, detail, buttons: [save, discard, cancel], cancel: 2 });
    // It may have been saved while the question stood there.
    if (!this.isThere) return true;
    if (pressed === 1) {
      this.isThere = false;
      tell('discard');
      return true;
    }
    if (pressed !== 0) return false;
    const answer = this.#nextWord();
    tell('save');
    await answer;
    return !this.isThere;
  }

  #nextWord(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.setTimer(SAVED_WITHIN_MS, () => this.#heard?.());
      this.#heard = () => {
        this.#heard = undefined;
        cancel();
        resolve();
      };
    });
  }
}
