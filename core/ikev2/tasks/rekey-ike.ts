/**
 * CREATE_CHILD_SA for the IKE SA itself: fresh keys under new SPIs, message IDs from zero, all Child SAs inherited (RFC 7296
 * §1.3.2, §2.8, §2.18); further key exchanges may follow (RFC 9370 §2.2.4). It runs under the old SA; succession.ts takes the
 * new one.
 *
 *     -> HDR, SK {SA, Ni, KEi}
 *     <- HDR, SK {SA, Nr, KEr [, N(ADDITIONAL_KEY_EXCHANGE)]}
 */
import { wipe } from '#core/bytes/bytes.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import { ikeSuiteOf } from '#core/crypto/suite.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import { selectProposal, verifySelection } from '#core/ike/select-proposal.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { noProposal, protocolError } from '../failures.ts';
import { IkeSa } from '../ike-sa.ts';
import type { Nonces } from '../key-material.ts';
import { keyIkeSa } from '../keying.ts';
import { deadlines } from '../lifetimes.ts';
import { compareNonces, lowerNonce, NONCE_BYTES } from '../nonces.ts';
import { find, findError, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import { awaitFirst, losesTo, type OurUnfinished, type Unfinished, winOver } from '../unfinished.ts';
import type { IkeWish } from '../wishes.ts';
import { DELETE_IKE_SA } from './delete.ts';
import { linkNotify, linkOf, newLink } from './follow-up.ts';
import { GroupChoice, groupsOf, invalidKe, respondTo } from './ke.ts';
import { ikeRefused, ikeYields } from './refusals.ts';
import { type Exchange, leaving, type Task, type Verdict } from './task.ts';

const SPI_BYTES = 8;
const isSpi = (spi: Uint8Array): boolean => spi.length === SPI_BYTES && spi.some((octet) => octet !== 0);

function heir(sa: IkeSa, now: number, weBegan: boolean): IkeSa {
  const next = new IkeSa(sa.config, sa.host, sa, weBegan);
  Object.assign(next, deadlines(sa.config, now, sa.config.lifetimeSec));
  return next;
}

/** What CREATE_CHILD_SA has settled; its key exchange is the first or the only one. */
interface Settled extends Nonces {
  readonly spiI: Uint8Array;
  readonly spiR: Uint8Array;
  readonly suite: IkeSuite;
  readonly madeBy: 'us' | 'peer';
  readonly lowest: Uint8Array;
  readonly secret: Uint8Array;
}

/** The SA that the key exchanges have made, with its keys. */
function born(
  { sa, now }: Exchange,
  { spiI, spiR, nonceI, nonceR, suite, madeBy, lowest }: Settled,
  [secret, ...further]: readonly Uint8Array[],
  lost = false,
): void {
  if (secret === undefined) throw new Error('an heir without a secret');
  const next = heir(sa, now, madeBy === 'us');
  Object.assign(next, { spiI, spiR, nonceI, nonceR });
  keyIkeSa(next, suite, secret, sa, further);
  sa.offspring = { sa: next, madeBy, lowest, lost };
}

/** Whether the peer's own rekeying stays, as far as its key exchanges are due, or all done. */
const loses = (sa: IkeSa, lowest: Uint8Array): boolean =>
  losesTo(sa, 'ike', lowest) || (sa.rivalLowest !== undefined && compareNonces(lowest, sa.rivalLowest) < 0);

export function rekeyIkeTaskOfInitiator(wish: IkeWish): Task {
  let spiI = new Uint8Array();
  let nonceI = new Uint8Array();
  let offer: readonly Proposal[] = [];
  let choice: GroupChoice | undefined;
  let settled: Settled | undefined;
  let unfinished: OurUnfinished | undefined;
  return {
    name: 'rekey-ike',
    request({ sa }, out) {
      const groups = groupsOf(sa.config.proposals);
      const inUse = groups.filter((group) => group === sa.suite?.keyExchange.id);
      choice = new GroupChoice(sa.config.random, [...new Set([...inUse, ...groups])], wish.groups);
      spiI = sa.newIkeSpi().slice();
      nonceI = sa.config.random(NONCE_BYTES).slice();
      offer = sa.config.proposals.map((proposal) => ({ ...proposal, spi: spiI }));
      out.push({ kind: 'SA', proposals: offer });
      out.push({ kind: 'NONCE', data: nonceI });
      out.push(choice.payload());
    },
    onResponse({ sa, now }, message: Message) {
      const { payloads } = message;
      const asked = choice;
      if (asked === undefined) throw new Error('an answer to no request');
      const error = findError(payloads);
      if (error !== undefined) return ikeRefused(sa, now, wish, error, asked);
      const link = linkOf(message);
      // What follows may be refused as well.
      if (link === undefined) sa.temporarySince = undefined;
      const answer = find(payloads, 'SA')?.proposals ?? [];
      // Whatever is wrong from here on: the peer believes in an IKE SA that we cannot make, with all the Child SAs.
      const chosen = verifySelection(offer, answer);
      if (typeof chosen === 'string')
        return leaving(noProposal(sa.config, 'IKE', 'us', answer), DELETE_IKE_SA);
      const suite = ikeSuiteOf(chosen.transforms);
      const ke = find(payloads, 'KE');
      const nonce = find(payloads, 'NONCE');
      if (suite === undefined || ke === undefined || nonce === undefined || !isSpi(chosen.spi)) {
        return leaving(protocolError('the answer to the rekeying of the IKE SA makes no SA'), DELETE_IKE_SA);
      }
      if (suite.keyExchange.id !== asked.group) {
        const detail = `chose ${suite.keyExchange.name} without having asked for it`;
        return leaving(protocolError(detail), DELETE_IKE_SA);
      }
      const secret = asked.finish(ke);
      if (typeof secret === 'string') return leaving(protocolError(secret), DELETE_IKE_SA);
      const nonceR = nonce.data.slice();
      const lowest = lowerNonce(nonceI, nonceR);
      const agreed: Settled = {
        spiI,
        spiR: chosen.spi.slice(),
        nonceI,
        nonceR,
        suite,
        madeBy: 'us',
        lowest,
        secret,
      };
      if (suite.additional === undefined) {
        settled = agreed;
        return undefined;
      }
      const broken = (detail: string): Verdict => leaving(protocolError(detail), DELETE_IKE_SA);
      if (link === undefined) {
        wipe(secret);
        return broken('chose additional key exchanges and asks for none');
      }
      if (loses(sa, lowest)) {
        // There is nothing to delete yet: it ends here (RFC 9370 §2.2.4).
        wipe(secret);
        ikeYields(sa, now, wish);
        return undefined;
      }
      unfinished = {
        about: 'ike',
        lowest,
        due: suite.additional,
        secrets: [secret],
        link,
        complete: (exchange, secrets) => born(exchange, agreed, secrets),
        refused: (exchange, refusal) => ikeRefused(exchange.sa, exchange.now, wish, refusal, asked),
        broken: (_exchange, detail) => broken(detail),
      };
      return undefined;
    },
    done(exchange) {
      const { sa, now } = exchange;
      const lost = settled !== undefined && losesTo(sa, 'ike', settled.lowest);
      if (settled !== undefined) born(exchange, settled, [settled.secret], lost);
      sa.unfinished.ours = unfinished;
      if (lost) ikeYields(sa, now, wish);
      else if (settled !== undefined || unfinished !== undefined) winOver(sa, 'ike');
      return undefined;
    },
  };
}

export function rekeyIkeTaskOfResponder(): Task {
  let settled: Settled | undefined;
  let unfinished: Unfinished | undefined;
  let answer: readonly Payload[] = [];
  return {
    name: 'rekey-ike',
    onRequest({ sa }, { payloads }) {
      const offer = find(payloads, 'SA');
      const ke = find(payloads, 'KE');
      const nonce = find(payloads, 'NONCE');
      const aboutChild = find(payloads, 'TSi') !== undefined;
      if (aboutChild || offer === undefined || ke === undefined || nonce === undefined) return undefined;
      // §2.25.1: busy with a Child SA; §2.25.2: about to close the IKE SA.
      // Two rekeyings meet in CREATE_CHILD_SA or not at all (RFC 9370 §2.2.4).
      const late = sa.unfinished.ours?.about === 'ike';
      if (sa.state === 'deleting' || sa.superseded || sa.busyWith === 'child' || late) {
        return { ruling: 'refuse', answer: notify(NotifyType.TEMPORARY_FAILURE) };
      }
      const chosen = selectProposal(offer.proposals, sa.config.proposals)?.proposal;
      const suite = chosen && ikeSuiteOf(chosen.transforms);
      if (chosen === undefined || suite === undefined || !isSpi(chosen.spi)) {
        return { ruling: 'refuse', answer: notify(NotifyType.NO_PROPOSAL_CHOSEN) };
      }
      if (suite.keyExchange.id !== ke.group) {
        return { ruling: 'refuse', answer: invalidKe(suite.keyExchange.id) };
      }
      const share = respondTo(sa, ke);
      if (typeof share === 'string') {
        const failure = protocolError(share);
        return { ruling: 'refuse', answer: notify(NotifyType.INVALID_SYNTAX), failure };
      }
      const spiR = sa.newIkeSpi();
      const nonceI = nonce.data.slice();
      const nonceR = sa.config.random(NONCE_BYTES).slice();
      const lowest = lowerNonce(nonceI, nonceR);
      const agreed: Settled = {
        spiI: chosen.spi.slice(),
        spiR,
        nonceI,
        nonceR,
        suite,
        madeBy: 'peer',
        lowest,
        secret: share.secret,
      };
      answer = [
        { kind: 'SA', proposals: [{ ...chosen, spi: spiR }] },
        { kind: 'NONCE', data: nonceR },
        { kind: 'KE', group: ke.group, data: share.publicData },
      ];
      if (suite.additional === undefined) {
        settled = agreed;
        return undefined;
      }
      unfinished = {
        about: 'ike',
        lowest,
        due: suite.additional,
        secrets: [share.secret],
        link: newLink(sa),
        complete: (exchange, secrets) => born(exchange, agreed, secrets),
      };
      answer = [...answer, linkNotify(unfinished.link)];
      return undefined;
    },
    response(_exchange, out) {
      out.push(...answer);
    },
    done(exchange) {
      if (unfinished !== undefined) awaitFirst(exchange, unfinished);
      if (settled === undefined) return undefined;
      winOver(exchange.sa, 'ike');
      born(exchange, settled, [settled.secret]);
      return undefined;
    },
  };
}
