/**
 * CREATE_CHILD_SA for a Child SA: one more (RFC 7296 §1.3.1) or one in the place of another (§1.3.3), with a key exchange of
 * its own (PFS) where the proposals have one, and further ones behind it (RFC 9370 §2.2.4).
 *
 *     -> HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr}
 *     <- HDR, SK {SA, Nr, [KEr,] TSi, TSr [, N(ADDITIONAL_KEY_EXCHANGE)]}
 *
 * Either end asks. child-succession.ts settles what two rekeyings that met leave behind.
 */
import { EMPTY, wipe } from '#core/bytes/bytes.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import { selectProposal, verifySelection } from '#core/ike/select-proposal.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { SecurityProtocol } from '#core/registry/security-protocols.ts';
import { acceptable, offered } from '../child-offer.ts';
import { installChild, type NegotiatedChild } from '../child-install.ts';
import { selectorsForPeer, selectorsForResponder, within } from '../child-selectors.ts';
import { losesRace, replacedByPeer, replacedByUs } from '../child-succession.ts';
import { noProposal, protocolError, tsUnacceptable } from '../failures.ts';
import { type Child, type IkeSa, isInUse } from '../ike-sa.ts';
import { lowerNonce, NONCE_BYTES } from '../nonces.ts';
import { find, findError, findNotify, notify, type NotifyPayload } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import { awaitFirst, type OurUnfinished, type Unfinished, winOver } from '../unfinished.ts';
import type { ChildWish } from '../wishes.ts';
import { readChosen, spiBytes } from './child.ts';
import { childBySpiOut } from './delete.ts';
import { linkNotify, linkOf, newLink } from './follow-up.ts';
import { GroupChoice, groupsOf, invalidKe, respondTo, spend } from './ke.ts';
import { childFailed, childRefused, childYields } from './refusals.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const MAX_CHILD_SAS = 16;

export function createChildTaskOfInitiator(wish: ChildWish): Task {
  const { config, localTs, remoteTs, replaces } = wish;
  let spiIn = 0;
  let offer: readonly Proposal[] = [];
  let choice: GroupChoice | undefined;
  let nonceI = new Uint8Array();
  let nonceR = new Uint8Array();
  let secret: Uint8Array | undefined;
  let negotiated: NegotiatedChild | undefined;
  let unfinished: OurUnfinished | undefined;

  /** The answer as a Child SA, or why it is none. */
  function read(sa: IkeSa, message: Message): NegotiatedChild | Failure {
    const { payloads } = message;
    const answer = find(payloads, 'SA')?.proposals ?? [];
    const tsi = find(payloads, 'TSi')?.selectors ?? [];
    const tsr = find(payloads, 'TSr')?.selectors ?? [];
    const chosen = verifySelection(offer, answer);
    if (typeof chosen === 'string') return noProposal(sa.config, 'ESP', 'us', answer);
    const taken = readChosen(chosen);
    if (typeof taken === 'string') return protocolError(taken);
    if (!within(tsi, localTs) || !within(tsr, remoteTs)) return tsUnacceptable('us', tsi, tsr);
    if (taken.suite.keyExchange !== undefined) {
      const ke = find(payloads, 'KE');
      if (ke === undefined || choice?.group !== taken.suite.keyExchange.id) {
        return protocolError(`chose ${taken.suite.keyExchange.name} without a key exchange`);
      }
      const shared = choice.finish(ke);
      if (typeof shared === 'string') return protocolError(shared);
      secret = shared;
    }
    if (taken.suite.additional !== undefined && linkOf(message) === undefined) {
      wipe(secret ?? EMPTY);
      return protocolError('chose additional key exchanges and asks for none');
    }
    return { ...taken, config, spiIn, localTs: tsi, remoteTs: tsr };
  }

  /** The peer believes in an SA that we cannot make: it has to hear otherwise. */
  function stillborn({ sa, now }: Exchange, failure: Failure): void {
    sa.stillborn.push({ spiIn });
    childFailed(sa, now, wish, failure);
  }

  function install({ sa, now }: Exchange, made: NegotiatedChild, secrets: readonly Uint8Array[]): void {
    const lowest = lowerNonce(nonceI, nonceR);
    const lost = replaces !== undefined && losesRace(sa, replaces, lowest);
    const old = replaces ?? wish.inPlaceOf;
    const exchange = {
      initiated: true,
      nonceI,
      nonceR,
      standby: lost,
      secrets,
      ...(old === undefined ? {} : { replaces: old.spiIn }),
    };
    const child = spend(secrets, () => installChild(sa, now, made, exchange));
    if (replaces !== undefined) {
      // Where the peer's is not made yet, there may be reason to ask again.
      if (lost && replaces.rival === undefined) childYields(sa, now, wish);
      if (!lost) winOver(sa, replaces);
      replacedByUs(now, replaces, child, lost);
    }
    if (wish.again !== undefined) child.again = { at: now, times: wish.again };
    const { inPlaceOf } = wish;
    if (inPlaceOf !== undefined && sa.children.get(inPlaceOf.spiIn) === inPlaceOf) {
      sa.removeChild(now, inPlaceOf, 'rekeyed');
    }
  }

  const rekeying = (under: boolean): void => {
    if (replaces !== undefined) replaces.rekeying = under;
  };

  /** The SA is made when the last of the additional key exchanges is done. */
  const leftOpen = (made: NegotiatedChild, first: Uint8Array, link: Uint8Array): OurUnfinished => ({
    about: replaces,
    lowest: lowerNonce(nonceI, nonceR),
    due: made.suite.additional ?? [],
    secrets: [first],
    link,
    complete(exchange, secrets) {
      rekeying(false);
      // Made and deleted before we heard of it.
      if (exchange.sa.deletedEarly.has(made.spiOut)) wipe(...secrets);
      else install(exchange, made, secrets);
    },
    refused({ sa, now }, error) {
      rekeying(false);
      return childRefused(sa, now, wish, error, choice);
    },
    broken(exchange, detail) {
      rekeying(false);
      stillborn(exchange, protocolError(detail));
      return undefined;
    },
  });

  return {
    name: 'create-child',
    request({ sa }, out) {
      sa.deletedEarly.clear();
      spiIn = sa.newChildSpi();
      nonceI = sa.config.random(NONCE_BYTES).slice();
      offer = offered(sa, config).map((proposal) => ({ ...proposal, spi: spiBytes(spiIn) }));
      const groups = groupsOf(offer);
      if (groups.length > 0) choice = new GroupChoice(sa.config.random, groups, wish.groups);
      if (replaces !== undefined) {
        rekeying(true);
        out.push(aboutChild(NotifyType.REKEY_SA, spiBytes(replaces.spiIn)));
      }
      out.push({ kind: 'SA', proposals: offer });
      out.push({ kind: 'NONCE', data: nonceI });
      if (choice !== undefined) out.push(choice.payload());
      out.push({ kind: 'TSi', selectors: localTs });
      out.push({ kind: 'TSr', selectors: remoteTs });
    },
    onResponse(exchange, message): Verdict {
      const { sa, now } = exchange;
      rekeying(false);
      const error = findError(message.payloads);
      if (error !== undefined) return childRefused(sa, now, wish, error, choice);
      const link = linkOf(message);
      // What follows may be refused as well.
      if (link === undefined) sa.temporarySince = undefined;
      const outcome = read(sa, message);
      if ('cause' in outcome) {
        stillborn(exchange, outcome);
        return undefined;
      }
      // Made and deleted before we heard of it.
      if (sa.deletedEarly.has(outcome.spiOut)) return undefined;
      negotiated = outcome;
      nonceR = find(message.payloads, 'NONCE')?.data.slice() ?? nonceR;
      if (outcome.suite.additional === undefined || secret === undefined || link === undefined)
        return undefined;
      unfinished = leftOpen(outcome, secret, link);
      if (replaces === undefined || !losesRace(sa, replaces, unfinished.lowest)) return undefined;
      // There is nothing to delete yet: it ends here (RFC 9370 §2.2.4).
      wipe(secret);
      negotiated = undefined;
      childYields(sa, now, wish);
      return undefined;
    },
    done(exchange) {
      const { sa } = exchange;
      if (negotiated === undefined) return undefined;
      if (unfinished === undefined) {
        install(exchange, negotiated, secret === undefined ? [] : [secret]);
        return undefined;
      }
      sa.unfinished.ours = unfinished;
      rekeying(true);
      winOver(sa, replaces);
      return undefined;
    },
  };
}

/** A notify that names a Child SA by the SPI of its sender (§3.10). */
const aboutChild = (type: number, spi: Uint8Array): NotifyPayload => ({
  ...notify(type),
  protocol: SecurityProtocol.ESP,
  spi,
});

/** Which Child SA a request wants to replace, or the answer where that cannot be (§2.25.1). */
function subjectOf(sa: IkeSa, asked: NotifyPayload): { readonly old: Child } | { readonly answer: Payload } {
  const old = asked.protocol === SecurityProtocol.ESP ? childBySpiOut(sa, asked.spi) : undefined;
  if (old === undefined) {
    // It may be the one that our request under way makes: the answer to that is still on its way to us.
    if (sa.busyWith === 'child') return { answer: notify(NotifyType.TEMPORARY_FAILURE) };
    const answer = {
      ...aboutChild(NotifyType.CHILD_SA_NOT_FOUND, asked.spi.slice()),
      protocol: asked.protocol,
    };
    return { answer };
  }
  // Two rekeyings meet in CREATE_CHILD_SA or not at all (RFC 9370 §2.2.4).
  const late = sa.unfinished.ours?.about === old;
  return isInUse(old) && !late ? { old } : { answer: notify(NotifyType.TEMPORARY_FAILURE) };
}

/** New keys, not another tunnel (§2.9.2). */
function renewedSelectors(
  old: Child,
  tsi: readonly TrafficSelector[],
  tsr: readonly TrafficSelector[],
): ReturnType<typeof selectorsForPeer> {
  const granted = selectorsForResponder(old, undefined, tsi, tsr);
  return granted && { ...granted, config: old.config };
}

export function createChildTaskOfResponder(): Task {
  let old: Child | undefined;
  let negotiated: NegotiatedChild | undefined;
  let nonceI = new Uint8Array();
  let nonceR = new Uint8Array();
  let secret: Uint8Array | undefined;
  let answer: readonly Payload[] = [];
  let unfinished: Unfinished | undefined;
  const refuse = (payload: Payload): Verdict => ({ ruling: 'refuse', answer: payload });

  function install({ sa, now }: Exchange, made: NegotiatedChild, secrets: readonly Uint8Array[]): void {
    // It may have gone while further key exchanges were due.
    const stands = old !== undefined && sa.children.get(old.spiIn) === old;
    const exchange = {
      initiated: false,
      nonceI,
      nonceR,
      secrets,
      ...(stands ? { replaces: old?.spiIn, standby: true } : {}),
    };
    const child = spend(secrets, () => installChild(sa, now, made, exchange));
    if (old === undefined) return;
    winOver(sa, old);
    replacedByPeer(now, old, child, lowerNonce(nonceI, nonceR));
  }

  return {
    name: 'create-child',
    onRequest({ sa }, { payloads }) {
      const tsi = find(payloads, 'TSi');
      const tsr = find(payloads, 'TSr');
      const offer = find(payloads, 'SA');
      const nonce = find(payloads, 'NONCE');
      // Without selectors it is about the IKE SA: another task's affair.
      if (tsi === undefined || tsr === undefined || offer === undefined || nonce === undefined)
        return undefined;
      if (sa.state === 'deleting' || sa.superseded || sa.busyWith === 'ike') {
        return refuse(notify(NotifyType.TEMPORARY_FAILURE));
      }
      const rekey = findNotify(payloads, NotifyType.REKEY_SA);
      const subject = rekey && subjectOf(sa, rekey);
      if (subject !== undefined && 'answer' in subject) return refuse(subject.answer);
      old = subject?.old;
      if (old === undefined && sa.children.size >= (sa.config.maxChildSas ?? MAX_CHILD_SAS)) {
        return refuse(notify(NotifyType.NO_ADDITIONAL_SAS));
      }
      const granted =
        old === undefined
          ? selectorsForPeer(sa, tsi.selectors, tsr.selectors)
          : renewedSelectors(old, tsi.selectors, tsr.selectors);
      const config = granted?.config ?? sa.config.child;
      const chosen = selectProposal(offer.proposals, acceptable(sa, config))?.proposal;
      const taken = chosen && readChosen(chosen);
      if (chosen === undefined || taken === undefined || typeof taken === 'string') {
        return refuse(notify(NotifyType.NO_PROPOSAL_CHOSEN));
      }
      if (granted === undefined) return refuse(notify(NotifyType.TS_UNACCEPTABLE));
      const group = taken.suite.keyExchange;
      const ke = find(payloads, 'KE');
      if (group !== undefined && ke?.group !== group.id) return refuse(invalidKe(group.id));
      const share = group === undefined || ke === undefined ? undefined : respondTo(sa, ke);
      if (typeof share === 'string') {
        const failure = protocolError(share);
        return { ruling: 'refuse', answer: notify(NotifyType.INVALID_SYNTAX), failure };
      }
      secret = share?.secret;
      nonceI = nonce.data.slice();
      nonceR = sa.config.random(NONCE_BYTES).slice();
      const spiIn = sa.newChildSpi();
      const { localTs, remoteTs } = granted;
      negotiated = { ...taken, config, spiIn, localTs, remoteTs };
      answer = [
        { kind: 'SA', proposals: [{ ...chosen, spi: spiBytes(spiIn) }] },
        { kind: 'NONCE', data: nonceR },
        ...(share === undefined || ke === undefined
          ? []
          : [{ kind: 'KE', group: ke.group, data: share.publicData } as const]),
        { kind: 'TSi', selectors: remoteTs },
        { kind: 'TSr', selectors: localTs },
      ];
      const { additional } = taken.suite;
      if (additional !== undefined && secret !== undefined) {
        const made = negotiated;
        unfinished = {
          about: old,
          lowest: lowerNonce(nonceI, nonceR),
          due: additional,
          secrets: [secret],
          link: newLink(sa),
          complete: (exchange, secrets) => install(exchange, made, secrets),
        };
        answer = [...answer, linkNotify(unfinished.link)];
      }
      return undefined;
    },
    response(_exchange, out) {
      out.push(...answer);
    },
    done(exchange) {
      if (unfinished !== undefined) awaitFirst(exchange, unfinished);
      else if (negotiated !== undefined) install(exchange, negotiated, secret === undefined ? [] : [secret]);
      return undefined;
    },
  };
}
