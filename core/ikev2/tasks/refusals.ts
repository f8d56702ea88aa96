/**
 * The peer refuses what we asked for in CREATE_CHILD_SA (RFC 7296 §1.3, §2.7, §2.25): which refusals pass, which are for good,
 * and when to ask again. create-child and rekey-ike call it; the SAs there are stay in use meanwhile.
 */
import type { Failure } from '#core/failure/failure.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType, notifyTypes } from '#core/registry/notify-types.ts';
import { changeTerms, demandsGroup } from '../child-offer.ts';
import { rivalStays } from '../child-succession.ts';
import { failureOfNotify, protocolError, tsUnacceptable } from '../failures.ts';
import type { IkeSa } from '../ike-sa.ts';
import { retryDelay } from '../lifetimes.ts';
import type { NotifyPayload } from '../payload-access.ts';
import { type ChildWish, type IkeWish, newWish } from '../wishes.ts';
import { DELETE_IKE_SA } from './delete.ts';
import { type GroupChoice, groupName, wantedGroup } from './ke.ts';
import { leaving, type Verdict } from './task.ts';

/** "After several minutes" of TEMPORARY_FAILURE both ends are out of step for good (§2.25). */
const TEMPORARY_MS = 300_000;

/** Refusals that pass: the peer is busy, or took us for gone (RFC 7296 §2.25, RFC 9370 §2.2.4). */
const PASSING: ReadonlySet<number> = new Set([NotifyType.TEMPORARY_FAILURE, NotifyType.STATE_NOT_FOUND]);

/** What every refusal may mean for the IKE SA as a whole; `undefined` where it is about the wish alone. */
function fatal(sa: IkeSa, now: number, { type }: NotifyPayload): Verdict {
  if (type === NotifyType.INVALID_SYNTAX) {
    // The peer has ended the IKE SA with that (§2.21.3).
    return { ruling: 'close', failure: failureOfNotify(type, sa.config, ExchangeType.CREATE_CHILD_SA) };
  }
  if (!PASSING.has(type)) {
    sa.temporarySince = undefined;
    return undefined;
  }
  sa.temporarySince ??= now;
  if (now - sa.temporarySince < TEMPORARY_MS) return undefined;
  const minutes = Math.round((now - sa.temporarySince) / 60_000);
  return leaving(
    protocolError(`answers CREATE_CHILD_SA with ${notifyTypes.nameOf(type)} for ${minutes} minutes`),
    DELETE_IKE_SA,
  );
}

/** The other group that is asked for, or why there is none. */
function otherGroup(choice: GroupChoice, error: NotifyPayload): readonly number[] | Failure {
  const group = wantedGroup(error);
  if (group === undefined) return protocolError('INVALID_KE_PAYLOAD without a reason');
  return choice.change(group) ?? choice.tried;
}

/** We had asked without a key exchange: the group that is wanted, where the profile has it for the IKE SA. */
function demanded(sa: IkeSa, error: NotifyPayload): readonly number[] | Failure {
  const group = wantedGroup(error);
  if (group === undefined) return protocolError('INVALID_KE_PAYLOAD without a reason');
  return demandsGroup(sa, group) ? [group] : { cause: 'invalid-ke', wanted: [], asked: groupName(group) };
}

const isFailure = (value: readonly number[] | Failure): value is Failure => 'cause' in value;

/** Asks again later, longer after each refusal. */
function postpone(sa: IkeSa, now: number, wish: ChildWish | IkeWish): number {
  wish.refusals++;
  wish.groups = [];
  wish.at = now + retryDelay(sa.config, wish.refusals);
  return wish.at;
}

export function childRefused(
  sa: IkeSa,
  now: number,
  wish: ChildWish,
  error: NotifyPayload,
  choice: GroupChoice | undefined,
): Verdict {
  const end = fatal(sa, now, error);
  if (end !== undefined) return end;
  const { replaces } = wish;
  if (replaces?.rival !== undefined) {
    // The peer had rekeyed it before our request came: whatever it says, it is done (§2.8.1).
    rivalStays(now, replaces);
    return undefined;
  }
  // The peer has deleted it meanwhile.
  if (replaces !== undefined && sa.children.get(replaces.spiIn) !== replaces) return undefined;
  switch (error.type) {
    case NotifyType.TEMPORARY_FAILURE:
    case NotifyType.STATE_NOT_FOUND:
      postpone(sa, now, wish);
      sa.wishes.children.push(wish);
      return undefined;
    case NotifyType.NO_PROPOSAL_CHOSEN:
      // It may be about forward secrecy alone.
      if (!changeTerms(sa, wish.config)) break;
      sa.wishes.children.push({ ...wish, at: now, groups: [] });
      return undefined;
    case NotifyType.INVALID_KE_PAYLOAD: {
      const groups = choice === undefined ? demanded(sa, error) : otherGroup(choice, error);
      if (isFailure(groups)) childFailed(sa, now, wish, groups);
      else sa.wishes.children.push({ ...wish, at: now, groups });
      return undefined;
    }
    case NotifyType.CHILD_SA_NOT_FOUND:
      if (replaces === undefined) break;
      // The peer has lost it: make it anew (§2.25). The old one goes when that has an outcome.
      sa.wishes.children.push({
        ...newWish(now),
        config: wish.config,
        localTs: wish.localTs,
        remoteTs: wish.remoteTs,
        inPlaceOf: replaces,
      });
      return undefined;
    case NotifyType.NO_ADDITIONAL_SAS:
      // One more is not granted: what stands can go on. What was to be renewed cannot.
      if (replaces === undefined && wish.inPlaceOf === undefined) break;
      childFailed(sa, now, wish, failureOfNotify(error.type, sa.config, ExchangeType.CREATE_CHILD_SA), true);
      sa.emit({ type: 'reauthentication-needed' });
      return undefined;
  }
  const failure =
    error.type === NotifyType.TS_UNACCEPTABLE
      ? tsUnacceptable('peer', wish.localTs, wish.remoteTs)
      : failureOfNotify(error.type, sa.config, ExchangeType.CREATE_CHILD_SA);
  childFailed(sa, now, wish, failure);
  return undefined;
}

/**
 * Tells the driver. A Child SA that is to be replaced still stands, and until its end there is time to try again; one that has gone
 * is asked for as long as the IKE SA lives.
 */
export function childFailed(
  sa: IkeSa,
  now: number,
  wish: ChildWish,
  failure: Failure,
  forGood = false,
): void {
  const { replaces, inPlaceOf } = wish;
  const again = (replaces !== undefined || wish.again !== undefined) && !forGood;
  if (again) sa.wishes.children.push(wish);
  sa.emit({
    type: 'refused',
    what: 'child',
    name: wish.config.name,
    ...(replaces === undefined ? {} : { spiIn: replaces.spiIn }),
    failure,
    ...(again ? { retryAt: postpone(sa, now, wish) } : {}),
  });
  if (inPlaceOf !== undefined && sa.children.get(inPlaceOf.spiIn) === inPlaceOf) {
    sa.removeChild(now, inPlaceOf, 'deleted-by-peer');
  }
}

/** The peer's rekeying of the same Child SA stays. Where it has key exchanges to come, ours may be needed again. */
export function childYields(sa: IkeSa, now: number, wish: ChildWish): void {
  if (wish.replaces?.rival !== undefined) return rivalStays(now, wish.replaces);
  postpone(sa, now, wish);
  sa.wishes.children.push(wish);
}

/** The same for the IKE SA; once it is replaced nobody wishes for that any more. */
export function ikeYields(sa: IkeSa, now: number, wish: IkeWish): void {
  postpone(sa, now, wish);
  sa.wishes.ike = wish;
}

export function ikeRefused(
  sa: IkeSa,
  now: number,
  wish: IkeWish,
  error: NotifyPayload,
  choice: GroupChoice,
): Verdict {
  const end = fatal(sa, now, error);
  if (end !== undefined) return end;
  switch (error.type) {
    case NotifyType.TEMPORARY_FAILURE:
    case NotifyType.STATE_NOT_FOUND:
      ikeYields(sa, now, wish);
      return undefined;
    case NotifyType.INVALID_KE_PAYLOAD: {
      const groups = otherGroup(choice, error);
      if (isFailure(groups)) ikeFailed(sa, now, wish, groups);
      else sa.wishes.ike = { ...wish, at: now, groups };
      return undefined;
    }
    case NotifyType.NO_ADDITIONAL_SAS:
      sa.emit({ type: 'reauthentication-needed' });
      return undefined;
    default:
      ikeFailed(sa, now, wish, failureOfNotify(error.type, sa.config, ExchangeType.CREATE_CHILD_SA));
      return undefined;
  }
}

function ikeFailed(sa: IkeSa, now: number, wish: IkeWish, failure: Failure): void {
  const retryAt = postpone(sa, now, wish);
  sa.wishes.ike = wish;
  sa.emit({ type: 'refused', what: 'ike', failure, retryAt });
}
