/**
 * A CREATE_CHILD_SA whose additional key exchanges are due (RFC 9370 §2.2.4): what it asked for is made when the last of
 * them is done. create-child and rekey-ike begin it, tasks/follow-up.ts goes on with it. An IKE SA has at most one of ours and
 * one of the peer's.
 */
import { wipe } from '#core/bytes/bytes.ts';
import type { AdditionalKeyExchange } from '#core/crypto/interfaces.ts';
import type { Child, IkeSa } from './ike-sa.ts';
import { compareNonces } from './nonces.ts';
import type { NotifyPayload } from './payload-access.ts';
import type { Exchange, Verdict } from './tasks/task.ts';

/** What is rekeyed; absent where one more Child SA is made. */
type About = 'ike' | Child | undefined;

/** How long the peer has for its next request: RFC 9370 §2.2.4 thinks of 5 to 20 s, and some Wi-Fi is away for as long. */
const FOLLOW_UP_MS = 20_000;

export interface Unfinished {
  readonly about: About;
  /** The lower nonce of its CREATE_CHILD_SA. */
  readonly lowest: Uint8Array;
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

/** Of an exchange that the peer began. */
interface TheirUnfinished extends Unfinished {
  /** When nobody waits for the next request any more. */
  readonly until: number;
}

/** What both ends have of it, as an IKE SA keeps it. */
export interface AllUnfinished {
  ours: OurUnfinished | undefined;
  theirs: TheirUnfinished | undefined;
}

/** The next request of the peer is waited for. */
export function awaitNext({ sa, now }: Exchange, unfinished: Unfinished): void {
  sa.unfinished.theirs = { ...unfinished, until: now + FOLLOW_UP_MS };
}

/** The same for the first one; nobody waits for those of an earlier CREATE_CHILD_SA any more. */
export function awaitFirst(exchange: Exchange, unfinished: Unfinished): void {
  giveUp(exchange.sa, 'theirs');
  awaitNext(exchange, unfinished);
}

/** Nothing comes of it, and nothing is kept of it. */
export function giveUp({ unfinished }: IkeSa, whose: keyof AllUnfinished): void {
  wipe(...(unfinished[whose]?.secrets ?? []));
  unfinished[whose] = undefined;
}

/**
 * Whether our rekeying ends in favour of the peer's of the same SA, whose key exchanges are due: the one with the lowest of
 * the four nonces does (RFC 7296 §2.8.1, §2.8.2).
 */
export const losesTo = ({ unfinished: { theirs } }: IkeSa, about: About, ourLowest: Uint8Array): boolean =>
  theirs !== undefined && theirs.about === about && compareNonces(ourLowest, theirs.lowest) < 0;

/** Another rekeying of the same SA has taken its place: the peer goes on with its own no more. */
export function winOver(sa: IkeSa, about: About): void {
  if (about !== undefined && sa.unfinished.theirs?.about === about) giveUp(sa, 'theirs');
}
