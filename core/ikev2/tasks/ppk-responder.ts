/** A post-quantum pre-shared key as the gateway sees it (RFC 8784 §3, table 1): the twin of ppk.ts. */
import { NotifyType } from '#core/registry/notify-types.ts';
import type { ResponderConfig } from '../connection-types.ts';
import { protocolError } from '../failures.ts';
import type { IkeSa } from '../ike-sa.ts';
import { find, findNotify, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import { decodePpkId } from '../ppk.ts';
import { mixPpk, settleOnPpk } from '../ppk-mixing.ts';
import { type Refusing, refusing } from './auth-responder.ts';
import type { Task } from './task.ts';

const { PPK_IDENTITY, NO_PPK_AUTH } = NotifyType;

/** The task that checks the client's first AUTH, with the PPK or with what the client sent for a gateway that lacks it. */
export const checkedWithPpk = (config: ResponderConfig, proof: Task): Task => ({
  ...proof,
  onRequest(exchange, message) {
    const settled = settle(exchange.sa, config, message);
    return 'ruling' in settled ? settled : proof.onRequest?.(exchange, settled);
  },
});

/** PPK_IDENTITY without data, behind our AUTH: the PPK counts. */
export const ppkUsedTask = (): Task => ({
  name: 'ppk-used',
  response({ sa }, out) {
    if (sa.ppk === 'used') out.push(notify(PPK_IDENTITY));
  },
});

/** The request as its AUTH is to be checked, under the keys that count from now on; or a refusal. */
function settle(
  sa: IkeSa,
  { findPpk, ppkRequired = false }: ResponderConfig,
  message: Message,
): Message | Refusing {
  const { payloads } = message;
  // The proof's own task says so.
  if (find(payloads, 'AUTH') === undefined) return message;
  if (sa.ppk !== 'announced') {
    return ppkRequired ? refusing(protocolError('IKE_SA_INIT without USE_PPK (a PPK is wanted)')) : message;
  }
  const identity = findNotify(payloads, PPK_IDENTITY);
  if (identity === undefined) return refusing(protocolError('IKE_AUTH without PPK_IDENTITY'));
  const id = decodePpkId(identity.data);
  const ppk = id && findPpk?.(id);
  if (ppk !== undefined) {
    mixPpk(sa, ppk);
    settleOnPpk(sa);
    return message;
  }
  const plain = findNotify(payloads, NO_PPK_AUTH);
  if (plain === undefined || ppkRequired) {
    return refusing(protocolError('IKE_AUTH with a PPK_IDENTITY that is not known'));
  }
  sa.ppk = 'declined';
  return { ...message, payloads: payloads.map((payload) => withAuth(payload, plain.data)) };
}

/** The method stays: it is the same for both AUTHs (§3). */
const withAuth = (payload: Payload, data: Uint8Array): Payload =>
  payload.kind === 'AUTH' ? { ...payload, data } : payload;
