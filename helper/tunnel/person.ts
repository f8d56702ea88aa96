/**
 * The person behind a tunnel: what only they know is asked here, one question at a time, shown by status and answered by
 * `tunnel.answer`. credentials.ts asks before the first datagram, answers.ts during the exchange.
 */
import type { TunnelQuestion } from '#core/ipc/contract.ts';
import type { Clock } from '../clock.ts';
import { within } from '../clock.ts';

export type PersonQuestion = Omit<TunnelQuestion, 'id'>;

/** As long as the engine waits for a person (core/ikev2/questions.ts). */
const PATIENCE_MS = 180_000;

interface Open {
  readonly shown: TunnelQuestion;
  readonly settle: (text: string | undefined) => void;
}

export class Person {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #open: Open | undefined;
  #asked = 0;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** The open question, for status. */
  get question(): TunnelQuestion | undefined {
    return this.#open?.shown;
  }

  /** What was typed; undefined where nobody answers in time, or the person does not want to. */
  async ask(question: PersonQuestion): Promise<string | undefined> {
    this.cancel();
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const open: Open = { shown: { id: ++this.#asked, ...question }, settle: resolve };
    this.#open = open;
    this.#onChange();
    const text = await within(this.#clock, PATIENCE_MS, promise);
    if (this.#open === open) this.#close(undefined);
    return text;
  }

  /** Whether the question with this id was open. Without a text the person declines. */
  answer(id: number, text: string | undefined): boolean {
    if (this.#open?.shown.id !== id) return false;
    this.#close(text);
    return true;
  }

  /** Nobody needs the answer any more. */
  cancel(): void {
    if (this.#open) this.#close(undefined);
  }

  #close(text: string | undefined): void {
    const open = this.#open;
    this.#open = undefined;
    open?.settle(text);
    this.#onChange();
  }
}
