/**
 * A task is one concern of an exchange: NAT detection, authentication, the configuration payload. An exchange is a
 * list of tasks (exchanges.ts); each adds its payloads and reads its payloads, in the order of the list, and knows
 * nothing of the others. connection.ts runs them.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { Path } from '#core/net/address.ts';
import type { ConnectionCounters } from '../connection-types.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { Answer, AnswerTo, Question } from '../questions.ts';

export interface Exchange {
  readonly sa: IkeSa;
  readonly now: number;
  /** Where the message that is read came from; for one that is made, where it goes. */
  readonly path: Path;
}

/** What a task wants beyond "go on", which is `undefined`. */
export type Verdict =
  | undefined
  /** Our request is to be built anew and sent again under the same message ID (COOKIE, INVALID_KE_PAYLOAD). */
  | { readonly ruling: 'repeat' }
  /** The same, but no sooner than the next retransmission; when they are spent, the failure is reported. */
  | { readonly ruling: 'repeat-later'; readonly failure: Failure }
  /**
   * Bad news that nothing vouches for: anybody on the way could have sent it. The exchange goes on; the failure is
   * reported if no better answer comes (§2.21.1), with `patient` only when all retransmissions are spent.
   */
  | { readonly ruling: 'doubt'; readonly failure: Failure; readonly patient?: boolean }
  /** As if the message had never come, but for a counter. */
  | { readonly ruling: 'drop'; readonly counter: keyof ConnectionCounters }
  /** The peer's request is answered by this payload alone; with `failure` the IKE SA ends after it. */
  | { readonly ruling: 'refuse'; readonly answer: Payload; readonly failure?: Failure }
  /** The IKE SA is over and the peer knows. */
  | { readonly ruling: 'close'; readonly failure?: Failure }
  /** The IKE SA ends, and the peer is told so with these payloads in an INFORMATIONAL request of ours. */
  | { readonly ruling: 'leave'; readonly farewell: readonly Payload[]; readonly failure?: Failure }
  /** Somebody outside has to be asked first; the exchange waits, and `answered` is the verdict then. */
  | {
      readonly ruling: 'ask';
      readonly question: Question;
      readonly answered: (answer: Answer) => Verdict;
    };

/** The verdict that asks. `answered` hears an answer to this very question, because no other is let through (questions.ts). */
export const asking = <K extends Question['kind']>(
  question: Extract<Question, { kind: K }>,
  answered: (answer: AnswerTo<K>) => Verdict,
): Verdict => ({ ruling: 'ask', question, answered: (answer) => answered(answer as AnswerTo<K>) });

type Leaving = Extract<Verdict, { ruling: 'leave' }>;

/** The verdict on an answer that leaves no tunnel to keep: the peer hears `farewell`, the user `failure`. */
export const leaving = (failure: Failure, ...farewell: readonly Payload[]): Leaving => ({
  ruling: 'leave',
  farewell,
  failure,
});

export const doubting = (failure: Failure): Verdict => ({ ruling: 'doubt', failure });

/** All are optional. `request`/`onResponse` run where we ask, `onRequest`/`response` where the peer asks. */
export interface Task {
  readonly name: string;
  /** Before `request` or `response`: the place to ask for what they need. */
  prepare?(exchange: Exchange): Verdict;
  request?(exchange: Exchange, out: Payload[]): void;
  onRequest?(exchange: Exchange, message: Message): Verdict;
  response?(exchange: Exchange, out: Payload[]): void;
  onResponse?(exchange: Exchange, message: Message): Verdict;
  /** The exchange succeeded as a whole: the place for effects and events. */
  done?(exchange: Exchange): Verdict;
}
