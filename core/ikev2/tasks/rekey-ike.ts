/**
 * CREATE_CHILD_SA for the IKE SA itself: fresh keys under new SPIs, message IDs from zero, all Child SAs inherited (RFC 7296
 * §1.3.2, §2.8, §2.18). The exchange runs under the old SA; succession.ts takes the new one.
 *
 *     -> HDR, SK {SA, Ni, KEi}
 *     <- HDR, SK {SA, Nr, KEr}
 */
import { ikeSuiteOf } from '#core/crypto/suite.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import { selectProposal, verifySelection } from '#core/ike/select-proposal.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { noProposal, protocolError } from '../failures.ts';
import { IkeSa } from '../ike-sa.ts';
import { keyIkeSa } from '../keying.ts';
import { deadlines } from '../lifetimes.ts';
import { lowerNonce, NONCE_BYTES } from '../nonces.ts';
import { find, findError, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { IkeWish } from '../wishes.ts';
import { DELETE_IKE_SA } from './delete.ts';
import { GroupChoice, groupsOf, invalidKe, respondTo } from './ke.ts';
import { ikeRefused } from './refusals.ts';
import { leaving, type Task } from './task.ts';

const SPI_BYTES = 8;
const isSpi = (spi: Uint8Array): boolean => spi.length === SPI_BYTES && spi.some((octet) => octet !== 0);

function heir(sa: IkeSa, now: number, weBegan: boolean): IkeSa {
  const next = new IkeSa(sa.config, sa.host, sa, weBegan);
  Object.assign(next, deadlines(sa.config, now, sa.config.lifetimeSec));
  return next;
}

export function rekeyIkeTaskOfInitiator(wish: IkeWish): Task {
  let spiI = new Uint8Array();
  let nonceI = new Uint8Array();
  let offer: readonly Proposal[] = [];
  let choice: GroupChoice | undefined;
  let next: IkeSa | undefined;
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
    onResponse({ sa, now }, { payloads }: Message) {
      if (choice === undefined) throw new Error('an answer to no request');
      const error = findError(payloads);
      if (error !== undefined) return ikeRefused(sa, now, wish, error, choice);
      sa.temporarySince = undefined;
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
      if (suite.keyExchange.id !== choice.group) {
        const detail = `chose ${suite.keyExchange.name} without having asked for it`;
        return leaving(protocolError(detail), DELETE_IKE_SA);
      }
      const secret = choice.finish(ke);
      if (typeof secret === 'string') return leaving(protocolError(secret), DELETE_IKE_SA);
      next = heir(sa, now, true);
      next.spiI = spiI;
      next.spiR = chosen.spi.slice();
      next.nonceI = nonceI;
      next.nonceR = nonce.data.slice();
      keyIkeSa(next, suite, secret, sa);
      return undefined;
    },
    done({ sa }) {
      if (next === undefined) return undefined;
      sa.offspring = { sa: next, madeBy: 'us', lowest: lowerNonce(next.nonceI, next.nonceR) };
      return undefined;
    },
  };
}

export function rekeyIkeTaskOfResponder(): Task {
  let next: IkeSa | undefined;
  let answer: readonly Payload[] = [];
  return {
    name: 'rekey-ike',
    onRequest({ sa, now }, { payloads }) {
      const offer = find(payloads, 'SA');
      const ke = find(payloads, 'KE');
      const nonce = find(payloads, 'NONCE');
      const aboutChild = find(payloads, 'TSi') !== undefined;
      if (aboutChild || offer === undefined || ke === undefined || nonce === undefined) return undefined;
      // §2.25.1: busy with a Child SA; §2.25.2: about to close the IKE SA.
      if (sa.state === 'deleting' || sa.superseded || sa.asking === 'child') {
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
      next = heir(sa, now, false);
      next.spiI = chosen.spi.slice();
      next.spiR = sa.newIkeSpi();
      next.nonceI = nonce.data.slice();
      next.nonceR = sa.config.random(NONCE_BYTES).slice();
      keyIkeSa(next, suite, share.secret, sa);
      answer = [
        { kind: 'SA', proposals: [{ ...chosen, spi: next.spiR }] },
        { kind: 'NONCE', data: next.nonceR },
        { kind: 'KE', group: ke.group, data: share.publicData },
      ];
      return undefined;
    },
    response(_exchange, out) {
      out.push(...answer);
    },
    done({ sa }) {
      if (next === undefined) return undefined;
      sa.offspring = { sa: next, madeBy: 'peer', lowest: lowerNonce(next.nonceI, next.nonceR) };
      return undefined;
    },
  };
}
