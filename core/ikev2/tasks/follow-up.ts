/**
 * IKE_FOLLOWUP_KE (RFC 9370 §2.2.4): one additional key exchange after a CREATE_CHILD_SA. Its notify says which one it
 * belongs to, and is absent in the last answer.
 *
 *     -> HDR, SK {KEi(n), N(ADDITIONAL_KEY_EXCHANGE)}
 *     <- HDR, SK {KEr(n) [, N(ADDITIONAL_KEY_EXCHANGE)]}
 */
import { equal } from '#core/bytes/bytes.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { protocolError } from '../failures.ts';
import { type IkeSa, isInUse } from '../ike-sa.ts';
import { find, findError, findNotify, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import { awaitNext, giveUp, type OurUnfinished } from '../unfinished.ts';
import { GroupChoice, respondTo } from './ke.ts';
import type { Task, Verdict } from './task.ts';

const { ADDITIONAL_KEY_EXCHANGE } = NotifyType;
const LINK_BYTES = 8;

/** What the answer to CREATE_CHILD_SA or to one of these says about the next; `undefined` where there is to be none. */
export const linkOf = ({ payloads }: Pick<Message, 'payloads'>): Uint8Array | undefined =>
  findNotify(payloads, ADDITIONAL_KEY_EXCHANGE)?.data.slice();

/** A new link, for the responder to say. */
export const newLink = (sa: IkeSa): Uint8Array => sa.config.random(LINK_BYTES).slice();

export const linkNotify = (link: Uint8Array): Payload => notify(ADDITIONAL_KEY_EXCHANGE, link);

export function followUpTaskOfInitiator(unfinished: OurUnfinished): Task {
  let choice: GroupChoice | undefined;

  /** Takes the answer, or says why it is of no use. */
  function read(message: Message): string | undefined {
    const ke = find(message.payloads, 'KE');
    const secret = ke && choice?.finish(ke);
    if (secret === undefined) return 'answered without a key exchange';
    if (typeof secret === 'string') return secret;
    unfinished.secrets.push(secret);
    unfinished.due = unfinished.due.slice(1);
    if (unfinished.due.length === 0) return undefined;
    const link = linkOf(message);
    unfinished.link = link ?? unfinished.link;
    return link === undefined ? 'ends the key exchanges before the last one' : undefined;
  }

  return {
    name: 'follow-up',
    request({ sa }, out) {
      const [next] = unfinished.due;
      if (next === undefined) throw new Error('IKE_FOLLOWUP_KE without a key exchange');
      choice ??= new GroupChoice(sa.config.random, [next.keyExchange.id]);
      out.push(choice.payload(), linkNotify(unfinished.link));
    },
    onResponse(exchange, message) {
      const error = findError(message.payloads);
      const problem = error === undefined ? read(message) : undefined;
      if (error === undefined && problem === undefined) return undefined;
      giveUp(exchange.sa, 'ours');
      return error === undefined
        ? unfinished.broken(exchange, problem ?? '')
        : unfinished.refused(exchange, error);
    },
    done(exchange) {
      const { sa } = exchange;
      if (sa.unfinished.ours !== unfinished || unfinished.due.length > 0) return undefined;
      sa.unfinished.ours = undefined;
      sa.temporarySince = undefined;
      unfinished.complete(exchange, unfinished.secrets);
      return undefined;
    },
  };
}

export function followUpTaskOfResponder(): Task {
  let answer: readonly Payload[] = [];
  const refuse = (type: number): Verdict => ({ ruling: 'refuse', answer: notify(type) });
  return {
    name: 'follow-up',
    onRequest(exchange, message) {
      const { sa } = exchange;
      const { theirs } = sa.unfinished;
      const link = linkOf(message);
      const next = theirs?.due[0];
      if (theirs === undefined || next === undefined || link === undefined || !equal(link, theirs.link)) {
        return refuse(NotifyType.STATE_NOT_FOUND);
      }
      const { about } = theirs;
      // The SA that it is about is on its way out, as in subjectOf of create-child.
      if (sa.state === 'deleting' || sa.superseded || (typeof about === 'object' && !isInUse(about))) {
        giveUp(sa, 'theirs');
        return refuse(NotifyType.TEMPORARY_FAILURE);
      }
      const ke = find(message.payloads, 'KE');
      const { id } = next.keyExchange;
      const share = ke?.group === id ? respondTo(sa, ke) : `expects group ${id}`;
      if (typeof share === 'string') {
        const failure = protocolError(`IKE_FOLLOWUP_KE with group ${ke?.group}: ${share}`);
        return { ruling: 'refuse', answer: notify(NotifyType.INVALID_SYNTAX), failure };
      }
      theirs.secrets.push(share.secret);
      theirs.due = theirs.due.slice(1);
      theirs.link = newLink(sa);
      awaitNext(exchange, theirs);
      answer = [
        { kind: 'KE', group: id, data: share.publicData },
        ...(theirs.due.length > 0 ? [linkNotify(theirs.link)] : []),
      ];
      return undefined;
    },
    response(_exchange, out) {
      out.push(...answer);
    },
    done(exchange) {
      const { unfinished } = exchange.sa;
      const { theirs } = unfinished;
      if (theirs === undefined || theirs.due.length > 0) return undefined;
      unfinished.theirs = undefined;
      theirs.complete(exchange, theirs.secrets);
      return undefined;
    },
  };
}
