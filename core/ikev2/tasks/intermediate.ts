/**
 * IKE_INTERMEDIATE (RFC 9242) for one additional key exchange (RFC 9370 §2.2.2): between IKE_SA_INIT and IKE_AUTH, under the
 * keys there are, and each gives the IKE SA new ones. Large public values go in fragments here (RFC 7383).
 *
 *     I -> R: HDR, SK {KEi(n)}
 *     R -> I: HDR, SK {KEr(n)}
 *
 * The peer is not authenticated yet; AUTH covers these messages, too (int-auth.ts).
 */
import { NotifyType } from '#core/registry/notify-types.ts';
import { failureOfNotify, protocolError } from '../failures.ts';
import type { IkeSa } from '../ike-sa.ts';
import { insideOf } from '../int-auth.ts';
import { rekeyInPlace } from '../keying.ts';
import { find, findError, findNotify, notify } from '../payload-access.ts';
import type { Inside, Message, Payload } from '../payload-types.ts';
import { headerOf } from '../seal.ts';
import { GroupChoice, namesAdditional, respondTo } from './ke.ts';
import type { Task, Verdict } from './task.ts';

const { INTERMEDIATE_EXCHANGE_SUPPORTED } = NotifyType;

/** Says in IKE_SA_INIT that we can, where a proposal may need it (RFC 9370 §2.2.1). */
export const intermediateSupportTask = (): Task => ({
  name: 'intermediate-support',
  request({ sa }, out) {
    if (namesAdditional(sa.config.proposals)) out.push(notify(INTERMEDIATE_EXCHANGE_SUPPORTED));
  },
  response({ sa }, out) {
    if (sa.additional.length > 0) out.push(notify(INTERMEDIATE_EXCHANGE_SUPPORTED));
  },
});

export const supportsIntermediate = ({ payloads }: Message): boolean =>
  findNotify(payloads, INTERMEDIATE_EXCHANGE_SUPPORTED) !== undefined;

/** Under the keys that the exchange had; they go with it. */
function note(sa: IkeSa, request: Inside, response: Inside): void {
  if (sa.suite === undefined || sa.keys === undefined) throw new Error('IKE_INTERMEDIATE before the keys');
  sa.intAuth.add(sa.suite.prf, sa.keys, request, response);
}

/** The peer's message as it came. */
function insideOfPeer({ inside }: Message): Inside {
  if (inside === undefined) throw new Error('IKE_INTERMEDIATE in the clear');
  return inside;
}

const closing = (detail: string): Verdict => ({ ruling: 'close', failure: protocolError(detail) });

export function intermediateTaskOfInitiator(): Task {
  let choice: GroupChoice | undefined;
  let sent: readonly Payload[] = [];
  let secret: Uint8Array | undefined;
  return {
    name: 'intermediate',
    request({ sa }, out) {
      const next = sa.additional[0]?.keyExchange;
      if (next === undefined) throw new Error('IKE_INTERMEDIATE without a key exchange');
      choice ??= new GroupChoice(sa.config.random, [next.id]);
      sent = [choice.payload()];
      out.push(...sent);
    },
    onResponse({ sa }, message) {
      const { header, payloads } = message;
      const error = findError(payloads);
      if (error !== undefined) {
        return { ruling: 'close', failure: failureOfNotify(error.type, sa.config, header.exchange) };
      }
      const ke = find(payloads, 'KE');
      const shared = ke && choice?.finish(ke);
      if (shared === undefined) return closing('answered without a key exchange');
      if (typeof shared === 'string') return closing(shared);
      secret = shared;
      const { exchange, messageId } = header;
      const request = headerOf(sa, { exchange, messageId, response: false });
      note(sa, insideOf(request, sent), insideOfPeer(message));
      return undefined;
    },
    done({ sa }) {
      if (secret === undefined) throw new Error('IKE_INTERMEDIATE without a secret');
      rekeyInPlace(sa, secret);
      return undefined;
    },
  };
}

export function intermediateTaskOfResponder(): Task {
  let secret: Uint8Array | undefined;
  let answer: readonly Payload[] = [];
  return {
    name: 'intermediate',
    onRequest({ sa }, message) {
      const ke = find(message.payloads, 'KE');
      const group = sa.additional[0]?.keyExchange.id;
      const share =
        ke?.group === group && ke !== undefined ? respondTo(sa, ke) : `expects ${group ?? 'none'}`;
      if (typeof share === 'string') {
        return {
          ruling: 'refuse',
          answer: notify(NotifyType.INVALID_SYNTAX),
          failure: protocolError(`IKE_INTERMEDIATE with group ${ke?.group}: ${share}`),
        };
      }
      secret = share.secret;
      answer = [{ kind: 'KE', group: ke?.group ?? 0, data: share.publicData }];
      const { exchange, messageId } = message.header;
      const response = headerOf(sa, { exchange, messageId, response: true });
      note(sa, insideOfPeer(message), insideOf(response, answer));
      return undefined;
    },
    response(_exchange, out) {
      out.push(...answer);
    },
    // The answer went out under the old keys.
    done({ sa }) {
      if (secret === undefined) throw new Error('IKE_INTERMEDIATE without a secret');
      rekeyInPlace(sa, secret);
      return undefined;
    },
  };
}

/** Responder: IKE_AUTH came while key exchanges are due. */
export const earlyAuthTask = (): Task => ({
  name: 'early-auth',
  onRequest: ({ sa }) => ({
    ruling: 'refuse',
    answer: notify(NotifyType.INVALID_SYNTAX),
    failure: protocolError(`IKE_AUTH with ${sa.additional.length} key exchanges to come`),
  }),
});
