/**
 * What a datagram is to an IKE SA, before anybody acts on it (ok, partial, protected error, unprotected error).
 * Called by serving.ts and responses.ts for whatever has the SPIs of the SA.
 */
import { EMPTY } from '#core/bytes/bytes.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import type { ConnectionCounters } from './connection-types.ts';
import type { IkeSa } from './ike-sa.ts';
import { decodeMessage } from './message.ts';
import { violation } from './message-rules.ts';
import { findNotify, notify } from './payload-access.ts';
import type { Decoded, Message, Payload } from './payload-types.ts';

export type Reading =
  /** `first`: the datagram of its first fragment, where it came in several. */
  | { readonly kind: 'message'; readonly message: Message; readonly first?: Uint8Array }
  /** Authentic, but wrong: the peer is told with `answer` when it was a request. */
  | {
      readonly kind: 'faulty';
      readonly answer: Payload;
      readonly notify: number;
      readonly detail: string;
      readonly first?: Uint8Array;
    }
  /** Nothing vouches for it. `answer` may go out in the clear where no SA exists yet (§2.5, §2.21.1). */
  | {
      readonly kind: 'worthless';
      readonly counter?: keyof ConnectionCounters;
      readonly answer?: Payload;
      readonly detail: string;
      /** It says that the peer knows no such IKE SA: a reason to look, and proof of nothing (§2.21.4). */
      readonly disowns?: true;
    };

export function readDatagram(sa: IkeSa, bytes: Uint8Array, opening = sa.opening): Reading {
  const outside = decodeMessage(bytes);
  if (outside.outcome !== 'sealed') return sort(sa, outside);
  if (opening === undefined) {
    return { kind: 'worthless', counter: 'unauthenticated', detail: 'protected, but there are no keys' };
  }
  if (!outside.fragment || !sa.fragmentation) return sort(sa, opening.open(bytes));
  const opened = opening.openFragment(bytes);
  if (opened.outcome !== 'fragment') return sort(sa, opened);
  const { header, fragment } = opened;
  const { requests, responses } = sa.incomplete;
  const whole = (header.response ? responses : requests).take(header, fragment, bytes);
  if (whole === undefined) return sort(sa, { outcome: 'partial', header });
  const reading = sort(sa, whole.decoded);
  return reading.kind === 'worthless' ? reading : { ...reading, first: whole.first };
}

/**
 * Whether a request that was answered already is to be answered again: it is authentic and, of a fragmented request, the first one (RFC
 * 7383 §2.6.1: otherwise each fragment would call forth the whole answer).
 */
export function asksAgain(sa: IkeSa, bytes: Uint8Array): boolean {
  const outside = decodeMessage(bytes);
  if (outside.outcome === 'sealed' && outside.fragment) {
    const opened = sa.openedBy?.openFragment(bytes);
    if (opened?.outcome === 'fragment') return sa.fragmentation && opened.fragment.number === 1;
    sa.counters.unauthenticated++;
    return false;
  }
  const reading = readDatagram(sa, bytes, sa.openedBy);
  if (reading.kind !== 'worthless') return true;
  if (reading.counter !== undefined) sa.counters[reading.counter]++;
  return false;
}

function sort(sa: IkeSa, decoded: Decoded): Reading {
  switch (decoded.outcome) {
    case 'ok':
      return accordingToRules(decoded.message, decoded.protected);
    case 'partial':
      return { kind: 'worthless', detail: 'a fragment of a message that is not complete yet' };
    case 'protected-error': {
      const { notify: type, notifyData, detail } = decoded;
      return { kind: 'faulty', answer: notify(type, notifyData), notify: type, detail };
    }
    case 'unprotected-error': {
      const { notify: type, notifyData, detail } = decoded;
      const counter = sa.opening === undefined ? 'malformed' : 'unauthenticated';
      const answer = type === undefined ? {} : { answer: notify(type, notifyData) };
      return { kind: 'worthless', counter, detail, ...answer };
    }
    default:
      return decoded satisfies never;
  }
}

function accordingToRules(message: Message, isProtected: boolean): Reading {
  // In the clear there is IKE_SA_INIT and nothing else.
  if (!isProtected && message.header.exchange !== ExchangeType.IKE_SA_INIT) {
    const disowns = findNotify(message.payloads, NotifyType.INVALID_IKE_SPI) !== undefined;
    return {
      kind: 'worthless',
      counter: 'unauthenticated',
      detail: 'in the clear',
      ...(disowns ? { disowns } : {}),
    };
  }
  const fault = violation(message, isProtected);
  if (fault === undefined) return { kind: 'message', message };
  if (!isProtected) return { kind: 'worthless', counter: 'malformed', detail: fault };
  const type = NotifyType.INVALID_SYNTAX;
  return { kind: 'faulty', answer: notify(type, EMPTY), notify: type, detail: fault };
}
