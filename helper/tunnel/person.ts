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

/** Answers that are to be remembered, by the names of the profile's fields and secrets. */
export interface Typed {
  readonly user?: string;
  readonly password?: string;
  readonly pkcs12Password?: string;
  readonly privateKeyPassword?: string;
}

/** A one-time code is worth nothing the next time. */
const REMEMBERED: Readonly<Record<TunnelQuestion['kind'], keyof Typed | undefined>> = {
  user: 'user',
  password: 'password',
  'one-time-code': undefined,
  'new-password': 'password',
  'pkcs12-password': 'pkcs12Password',
  'private-key-password': 'privateKeyPassword',
};

interface Open {
  readonly shown: TunnelQuestion;
  readonly settle: (text: string | undefined) => void;
}

export class Person {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #open: Open | undefined;
  #asked = 0;
  #typed: Typed = {};
  #declined = false;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** The open question, for status. */
  get question(): TunnelQuestion | undefined {
    return this.#open?.shown;
  }

  /** Whether the person did not want to answer the last question. */
  get declined(): boolean {
    return this.#declined;
  }

  /** What was typed; undefined where nobody answers in time, or the person does not want to. */
  async ask(question: PersonQuestion): Promise<string | undefined> {
    this.cancel();
    this.#declined = false;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const open: Open = { shown: { id: ++this.#asked, ...question }, settle: resolve };
    this.#open = open;
    this.#onChange();
    const text = await within(this.#clock, PATIENCE_MS, promise);
    if (this.#open === open) this.#close(undefined);
    return text;
  }

  /** Whether the question with this id was open. Without a text the person declines. */
  answer(id: number, text: string | undefined, remember = false): boolean {
    if (this.#open?.shown.id !== id) return false;
    this.#declined = text === undefined;
    this.#note(this.#open.shown.kind, text, remember);
    this.#close(text);
    return true;
  }

  /** What was to be remembered since the last time; now that the login succeeded it was right, too. */
  takeTyped(): Typed {
    const typed = this.#typed;
    this.#typed = {};
    return typed;
  }

  /** The last answer of a kind counts, also where it is not to be remembered: the one before it was wrong. */
  #note(kind: TunnelQuestion['kind'], text: string | undefined, remember: boolean): void {
    const name = REMEMBERED[kind];
    if (name === undefined) return;
    const { [name]: before, ...others } = this.#typed;
    // A password that is changed during the login stays one that was to be remembered.
    const wanted = remember || (kind === 'new-password' && before !== undefined);
    this.#typed = wanted && text !== undefined ? { ...others, [name]: text } : others;
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
