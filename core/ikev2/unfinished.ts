/**
 * A CREATE_CHILD_SA whose additional key exchanges are due (RFC 9370 §2.2.4): what it asked for is made when the last of
 * them is done. create-child and rekey-ike begin it, tasks/follow-up.ts goes on with it.
 */
import type { AdditionalKeyExchange } from '#core/crypto/interfaces.ts';
import type { NotifyPayload } from './payload-access.ts';
import type { Exchange, Task, Verdict } from './tasks/task.ts';

export interface Unfinished {
  /** The next one first. */
  due: readonly AdditionalKeyExchange[];
  /** Of the exchanges so far, that of CREATE_CHILD_SA first. */
  readonly secrets: Uint8Array[];
  /** What the next request has to say in ADDITIONAL_KEY_EXCHANGE, so that the responder knows what it belongs to. */
  link: Uint8Array;
  /** Makes the SA. The secrets are wiped by whoever computes with them. */
  readonly complete: (exchange: Exchange, secrets: readonly Uint8Array[]) => void;
}

/** Of an exchange that we began. */
export interface OurUnfinished extends Unfinished {
  /** The responder says no. */
  readonly refused: (exchange: Exchange, error: NotifyPayload) => Verdict;
  /** Its answer is of no use. */
  readonly broken: (exchange: Exchange, detail: string) => Verdict;
}

/** A task that may leave key exchanges to follow: known when the answer has been read. */
export interface MayFollowUp extends Task {
  readonly unfinished: () => OurUnfinished | undefined;
}
