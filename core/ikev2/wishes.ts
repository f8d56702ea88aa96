/**
 * What we mean to ask of the peer with CREATE_CHILD_SA, from the moment that somebody wants it until it is there: a refusal
 * leaves the wish standing, for later (RFC 7296 §2.25). upkeep.ts makes requests of wishes, the tasks fulfil or postpone them.
 */
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { ChildConfig } from './connection-types.ts';
import type { Child } from './ike-sa.ts';

export interface Wish {
  /** Not before this time. */
  at: number;
  /** How often it was refused. */
  refusals: number;
  /** The groups that were offered, the last one first; the peer did not want the others (INVALID_KE_PAYLOAD). */
  groups: readonly number[];
}

export interface ChildWish extends Wish {
  readonly config: ChildConfig;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  /** The Child SA that is to be rekeyed. */
  readonly replaces?: Child;
  /** The Child SA that the peer has no more (CHILD_SA_NOT_FOUND): a new one is asked for in its place. */
  readonly inPlaceOf?: Child;
  /** It is there no more, and this is the so many-th time in a row that it is asked for again. */
  readonly again?: number;
}

export type IkeWish = Wish;

export const newWish = (at: number): Wish => ({ at, refusals: 0, groups: [] });
