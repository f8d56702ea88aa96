/**
 * IKE_SA_INIT (RFC 7296 §1.2): proposal, key exchange and nonces, and from them the keys of the IKE SA (§2.14).
 *
 *     I -> R: HDR, SAi1, KEi, Ni
 *     R -> I: HDR, SAr1, KEr, Nr
 *
 * Nothing here is authenticated: whatever is wrong with an answer is doubted, not believed, and the SA is touched
 * only when everything fits.
 */
import { ikeSuiteOf } from '#core/crypto/suite.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import { selectProposal, verifySelection } from '#core/ike/select-proposal.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import { failureOfNotify, noProposal, protocolError } from '../failures.ts';
import { keyIkeSa } from '../keying.ts';
import { NONCE_BYTES } from '../nonces.ts';
import { find, findError, notify } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import { supportsIntermediate } from './intermediate.ts';
import { type GroupChoice, invalidKe, respondTo, withoutAdditional } from './ke.ts';
import { doubting, type Task } from './task.ts';

const { KE } = transformTypes.byName;

export function initTaskOfInitiator(choice: GroupChoice): Task {
  return {
    name: 'init',
    request({ sa }, out) {
      if (sa.nonceI.length === 0) sa.nonceI = sa.config.random(NONCE_BYTES);
      out.push({ kind: 'SA', proposals: sa.config.proposals });
      out.push(choice.payload());
      out.push({ kind: 'NONCE', data: sa.nonceI });
    },
    onResponse({ sa }, message) {
      const { header, payloads } = message;
      const refusal = findError(payloads);
      if (refusal !== undefined) {
        return doubting(failureOfNotify(refusal.type, sa.config, header.exchange));
      }
      const answer = find(payloads, 'SA');
      const ke = find(payloads, 'KE');
      const nonce = find(payloads, 'NONCE');
      if (answer === undefined || ke === undefined || nonce === undefined) {
        return doubting(protocolError('the answer to IKE_SA_INIT lacks SA, KE or Nonce'));
      }
      if (header.spiR.every((octet) => octet === 0))
        return doubting(protocolError('the responder SPI is zero'));
      const chosen = verifySelection(sa.config.proposals, answer.proposals);
      if (typeof chosen === 'string') {
        return doubting(noProposal(sa.config, 'IKE', 'us', answer.proposals));
      }
      const suite = ikeSuiteOf(chosen.transforms);
      if (suite === undefined) return doubting(protocolError('the chosen transforms make no suite'));
      if (suite.keyExchange.id !== choice.group) {
        return doubting(protocolError(`chose ${suite.keyExchange.name} without having asked for it`));
      }
      if (suite.additional !== undefined && !supportsIntermediate(message)) {
        return doubting(protocolError('chose additional key exchanges without IKE_INTERMEDIATE'));
      }
      const secret = choice.finish(ke);
      if (typeof secret === 'string') return doubting(protocolError(secret));
      sa.spiR = header.spiR.slice();
      sa.nonceR = nonce.data.slice();
      sa.additional = suite.additional ?? [];
      keyIkeSa(sa, suite, secret);
      return undefined;
    },
  };
}

/** The octets of a chosen proposal outlive the datagram they came in. */
const kept = (proposal: Proposal): Proposal => ({ ...proposal, spi: proposal.spi.slice() });

export function initTaskOfResponder(): Task {
  let answer: readonly Payload[] = [];
  return {
    name: 'init',
    onRequest({ sa }, message) {
      const { header, payloads } = message;
      const offer = find(payloads, 'SA');
      const ke = find(payloads, 'KE');
      const nonce = find(payloads, 'NONCE');
      if (offer === undefined || ke === undefined || nonce === undefined) {
        return { ruling: 'drop', counter: 'malformed' };
      }
      // Without IKE_INTERMEDIATE there is no room for more than one key exchange.
      const acceptable = supportsIntermediate(message)
        ? sa.config.proposals
        : withoutAdditional(sa.config.proposals);
      const chosen = selectProposal(offer.proposals, acceptable)?.proposal;
      const suite = chosen && ikeSuiteOf(chosen.transforms);
      if (chosen === undefined || suite === undefined) {
        return { ruling: 'refuse', answer: notify(NotifyType.NO_PROPOSAL_CHOSEN) };
      }
      const group = chosen.transforms.find(({ type }) => type === KE)?.id;
      if (group !== undefined && group !== ke.group) return { ruling: 'refuse', answer: invalidKe(group) };
      const share = respondTo(sa, ke);
      // INVALID_SYNTAX may stand only in protected messages (§3.10.1), so a bad public value gets silence.
      if (typeof share === 'string') return { ruling: 'drop', counter: 'malformed' };
      sa.spiI = header.spiI.slice();
      sa.spiR = sa.newIkeSpi();
      sa.nonceI = nonce.data.slice();
      sa.nonceR = sa.config.random(NONCE_BYTES);
      sa.additional = suite.additional ?? [];
      keyIkeSa(sa, suite, share.secret);
      answer = [
        { kind: 'SA', proposals: [kept(chosen)] },
        { kind: 'KE', group: ke.group, data: share.publicData },
        { kind: 'NONCE', data: sa.nonceR },
      ];
      return undefined;
    },
    response(_exchange, out) {
      out.push(...answer);
    },
  };
}
