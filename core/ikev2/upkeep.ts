/**
 * What an IKE SA has to do by itself: replace SAs before their time is over, delete what was replaced, ask again for what was
 * refused (RFC 7296 §2.8, §2.25). Tasks and commands leave marks on the SAs; lifecycle.ts asks here what follows from them.
 */
import {
  type Plan,
  planCreateChild,
  planDeleteChild,
  planRedirect,
  planRekeyIke,
  planReportExpired,
  planRoutabilityCheck,
  planUpdate,
} from './exchanges.ts';
import { isSettled } from './child-again.ts';
import { type Child, type IkeSa, isInUse } from './ike-sa.ts';
import { newWish } from './wishes.ts';
import type { RequestWindow } from './window.ts';

/** When there is something to do next; in the past where it waits already. */
export function upkeepAt(sa: IkeSa): number | undefined {
  const times = [...sa.children.values()].flatMap((child) => [
    child.deletion === 'due' ? 0 : undefined,
    child.deletion === 'no' ? child.retireAt : undefined,
    isInUse(child) ? child.rekeyAt : undefined,
  ]);
  times.push(sa.rekeyAt, sa.wishes.ike?.at, ...sa.wishes.children.map(({ at }) => at));
  const { where, wishes } = sa;
  const waits = [where.update, where.check].includes('due') || wishes.redirect !== undefined;
  if (sa.stillborn.length > 0 || waits) times.push(0);
  const known = times.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The exchanges whose time has come, in the order in which they are to go out. Each is named once. */
export function takeDuePlans(sa: IkeSa, now: number, requests: RequestWindow): Plan[] {
  const plans = sa.stillborn.splice(0).map((child) => planReportExpired(child, requests));
  if (sa.where.update === 'due') {
    sa.where.update = 'planned';
    plans.push(planUpdate(requests));
  }
  if (sa.where.check === 'due') {
    sa.where.check = 'planned';
    plans.push(planRoutabilityCheck(requests));
  }
  const isDue = (at: number | undefined): boolean => at !== undefined && at <= now;
  for (const child of sa.children.values()) {
    if (child.deletion === 'no' && isDue(child.retireAt)) child.deletion = 'due';
    if (child.deletion === 'due') {
      child.deletion = 'planned';
      plans.push(planDeleteChild(child, requests));
    }
    if (isInUse(child) && isDue(child.rekeyAt)) {
      child.rekeyAt = undefined;
      wishForSuccessor(sa, now, child);
    }
  }
  const { redirect } = sa.wishes;
  if (redirect !== undefined) {
    sa.wishes.redirect = undefined;
    plans.push(planRedirect(redirect, requests));
  }
  if (isDue(sa.rekeyAt)) {
    sa.rekeyAt = undefined;
    sa.wishes.ike ??= newWish(now);
  }
  const due = sa.wishes.children.filter(({ at }) => at <= now);
  sa.wishes.children = sa.wishes.children.filter(({ at }) => at > now);
  const wanted = due.filter((wish) => !isSettled(sa, wish));
  plans.push(...wanted.map((wish) => planCreateChild(wish, requests)));
  const { ike } = sa.wishes;
  if (ike !== undefined && isDue(ike.at)) {
    sa.wishes.ike = undefined;
    plans.push(planRekeyIke(sa, ike, requests));
  }
  return plans;
}

function wishForSuccessor(sa: IkeSa, now: number, child: Child): void {
  const waiting = sa.wishes.children.find(({ replaces }) => replaces === child);
  if (waiting !== undefined) {
    waiting.at = now;
  } else if (!child.rekeying) {
    const { config, localTs, remoteTs } = child;
    sa.wishes.children.push({ ...newWish(now), config, localTs, remoteTs, replaces: child });
  }
}
