/**
 * A post-quantum pre-shared key, the initiator's side (RFC 8784 §3): told of in IKE_SA_INIT, and part of both ends' AUTH from
 * the request on that carries the first AUTH of ours. With EAP that is the last one, so the gateway's first AUTH is without;
 * with two authentications (RFC 4739) it is the first, and what follows counts on the keys as they are then.
 *
 *     I -> R: HDR, …, N(USE_PPK)                                      R -> I: HDR, …, N(USE_PPK)
 *     I -> R: HDR, SK {…, AUTH, N(PPK_IDENTITY), [N(NO_PPK_AUTH)]}    R -> I: HDR, SK {…, AUTH, [N(PPK_IDENTITY)]}
 *
 * ppk-responder.ts is the other side.
 */
import { NotifyType } from '#core/registry/notify-types.ts';
import type { InitiatorConfig } from '../connection-types.ts';
import { find, findNotify, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import { encodePpkId } from '../ppk.ts';
import { forgetUnmixed, mixPpk, settleOnPpk, settleWithoutPpk } from '../ppk-mixing.ts';
import { reject } from './auth.ts';
import { doubting, type Exchange, type Task, type Verdict } from './task.ts';

const { USE_PPK, PPK_IDENTITY, NO_PPK_AUTH } = NotifyType;

/** In IKE_SA_INIT, both sides; the responder answers only who has said it. */
export function usePpkTask(): Task {
  const note = ({ sa }: Exchange, { payloads }: Message): Verdict => {
    sa.ppk = findNotify(payloads, USE_PPK) === undefined ? 'none' : 'announced';
    return undefined;
  };
  return {
    name: 'use-ppk',
    request: (_exchange, out) => void out.push(notify(USE_PPK)),
    onRequest: note,
    response({ sa }, out) {
      if (sa.ppk === 'announced') out.push(notify(USE_PPK));
    },
    onResponse: note,
  };
}

/** Stands before whatever believes the answer to IKE_SA_INIT: another one, with USE_PPK, may come. */
export const ppkNeededTask = ({ ppk }: InitiatorConfig): Task => ({
  name: 'ppk-needed',
  onResponse(_exchange, { payloads }) {
    const lacking = find(payloads, 'SA') !== undefined && findNotify(payloads, USE_PPK) === undefined;
    return ppk?.required === true && lacking ? doubting({ cause: 'ppk-unsupported' }) : undefined;
  },
});

/** `then` follows a verdict that is to go on: at once, or after the answers that it asks for. */
function after(verdict: Verdict, then: () => Verdict): Verdict {
  if (verdict === undefined) return then();
  if (verdict.ruling !== 'ask') return verdict;
  const { answered } = verdict;
  return { ...verdict, answered: (answer) => after(answered(answer), then) };
}

/** The task of our first AUTH, with the PPK where the gateway takes one. `proof` makes it anew for each AUTH of that request. */
export function provenWithPpk({ ppk }: InitiatorConfig, proof: () => Task): Task {
  const mixed = proof();
  if (ppk === undefined) return mixed;
  const plain = proof();
  /** AUTH as it is without the PPK, which the gateway takes where it does not know that one. */
  let plainAuth: Uint8Array | undefined;
  return {
    name: mixed.name,
    prepare(exchange) {
      const { sa } = exchange;
      if (sa.ppk !== 'announced') return mixed.prepare?.(exchange);
      const propose = (): Verdict => {
        mixPpk(sa, ppk.secret);
        sa.ppk = 'proposed';
        if (ppk.required) forgetUnmixed(sa);
        return mixed.prepare?.(exchange);
      };
      if (ppk.required) return propose();
      return after(plain.prepare?.(exchange), () => {
        const out: Payload[] = [];
        plain.request?.(exchange, out);
        plainAuth = find(out, 'AUTH')?.data;
        return propose();
      });
    },
    request(exchange, out) {
      mixed.request?.(exchange, out);
      if (exchange.sa.ppk !== 'proposed') return;
      out.push(notify(PPK_IDENTITY, encodePpkId(ppk.id)));
      if (plainAuth !== undefined) out.push(notify(NO_PPK_AUTH, plainAuth));
    },
    onResponse(exchange, message) {
      return settle(exchange, message, ppk.required) ?? mixed.onResponse?.(exchange, message);
    },
  };
}

/** With which keys the gateway's AUTH is to be read. What stands in its PPK_IDENTITY means nothing (§3). */
function settle({ sa }: Exchange, { payloads }: Message, required: boolean): Verdict {
  // A refusal says nothing of the PPK.
  if (sa.ppk !== 'proposed' || find(payloads, 'AUTH') === undefined) return undefined;
  if (findNotify(payloads, PPK_IDENTITY) !== undefined) settleOnPpk(sa);
  else if (required) return reject({ cause: 'ppk-declined' });
  else settleWithoutPpk(sa);
  return undefined;
}
