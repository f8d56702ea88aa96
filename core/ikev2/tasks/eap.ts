/**
 * EAP inside IKE_AUTH, the initiator's side (RFC 7296 §2.16): packets to and from core/eap, its questions handed on, and AUTH
 * from what it leaves.
 *
 *     I -> R: HDR, SK {EAP}        R -> I: HDR, SK {EAP}        until EAP-Success, then
 *     I -> R: HDR, SK {AUTH}       R -> I: HDR, SK {AUTH, …}
 *
 * The gateway has proven itself before the first packet is looked at, unless the profile leaves that to EAP
 * (RFC 5998); auth-plans.ts sees to the order.
 */
import { createEapPeer } from '#core/eap/create-peer.ts';
import type { EapKeys } from '#core/eap/method.ts';
import type { EapPeer, EapPeerOutput } from '#core/eap/peer.ts';
import type { Identification } from '#core/ike/identification.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import type { EapCredentials, InitiatorConfig } from '../connection-types.ts';
import { failureOfEap } from '../eap-failures.ts';
import { failureOfNotify, protocolError } from '../failures.ts';
import type { IkeSa } from '../ike-sa.ts';
import { find, findError, notify } from '../payload-access.ts';
import { macOf, methodName, peerFailed, sameMac, skPOf } from '../proof.ts';
import { acceptIdentity, reject, remoteAuthenticationOf, unproven } from './auth.ts';
import { asking, type Task, type Verdict } from './task.ts';

const EAP_FAILURE = 4;

/** Methods by which both ends prove themselves, and no dictionary helps an impostor (RFC 5998 §4). */
const MUTUAL: ReadonlySet<string> = new Set(['TLS', 'TTLS', 'PEAP']);

/** EAP_ONLY_AUTHENTICATION (RFC 5998 §3). */
export const eapOnlyTask = (config: InitiatorConfig): Task => ({
  name: 'eap-only',
  request(_exchange, out) {
    if (remoteAuthenticationOf(config).method === 'eap-only') {
      out.push(notify(NotifyType.EAP_ONLY_AUTHENTICATION));
    }
  },
});

/** A refusal that comes only now is not about the password. */
function afterLogin(verdict: Verdict): Verdict {
  return verdict?.ruling === 'close' && verdict.failure?.cause === 'authentication-refused'
    ? { ...verdict, failure: { ...verdict.failure, afterLogin: true } }
    : verdict;
}

/** One EAP conversation. `round` and `conclusion` are tasks of its exchanges. */
export class EapLogin {
  readonly #config: InitiatorConfig;
  /** IDi of this authentication. */
  readonly #id: Identification;
  readonly #peer: EapPeer;
  readonly #eapOnly: boolean;
  #outgoing: Uint8Array | undefined;
  #keys: EapKeys | undefined;

  constructor(config: InitiatorConfig, credentials: EapCredentials, id: Identification) {
    this.#config = config;
    this.#id = id;
    this.#eapOnly = remoteAuthenticationOf(config).method === 'eap-only';
    const methods = this.#eapOnly
      ? credentials.methods.filter(({ type }) => MUTUAL.has(type))
      : credentials.methods;
    this.#peer = createEapPeer({ ...credentials, methods, random: config.random });
  }

  /** EAP-Success has come, and a method had earned it. */
  get finished(): boolean {
    return this.#keys !== undefined;
  }

  /** Carries our packet, when there is one, and takes the gateway's. */
  readonly round: Task = {
    name: 'eap',
    request: (_exchange, out) => {
      if (this.#outgoing !== undefined) out.push({ kind: 'EAP', message: this.#outgoing });
    },
    onResponse: ({ sa }, { header, payloads }) => {
      const eap = find(payloads, 'EAP');
      if (eap === undefined) return this.#ended(header.exchange, findError(payloads)?.type);
      return this.#heard(sa, this.#peer.receive(eap.message), eap.message[0] === EAP_FAILURE);
    },
  };

  /** An answer without EAP: the gateway has given up. */
  #ended(exchange: number, error: number | undefined): Verdict {
    if (error === undefined) {
      return { ruling: 'close', failure: protocolError('the answer to IKE_AUTH lacks EAP') };
    }
    // The bare refusal says less than what EAP has seen.
    const failure =
      error === NotifyType.AUTHENTICATION_FAILED
        ? failureOfEap(this.#peer.suspicion)
        : failureOfNotify(error, this.#config, exchange);
    return { ruling: 'close', failure };
  }

  /** `over`: the gateway has ended it and needs no farewell. */
  #heard(sa: IkeSa, output: EapPeerOutput, over: boolean): Verdict {
    switch (output.kind) {
      case 'send':
        this.#outgoing = output.packet;
        if (output.notice !== undefined && output.notice !== '')
          sa.emit({ type: 'notice', text: output.notice });
        return undefined;
      case 'ask':
        return asking<'eap'>({ kind: 'eap', eap: output.question }, (answer) =>
          this.#heard(sa, this.#peer.answer(answer.kind === 'eap' ? answer.eap : { kind: 'none' }), false),
        );
      case 'finished':
        if (this.#eapOnly && output.keys.msk === undefined) {
          return reject(protocolError('the EAP method leaves no key to prove the gateway with'));
        }
        if (output.changedPassword !== undefined) {
          sa.emit({ type: 'password-changed', password: output.changedPassword });
        }
        this.#keys = output.keys;
        return undefined;
      case 'failed':
        return over
          ? { ruling: 'close', failure: failureOfEap(output.failure) }
          : reject(failureOfEap(output.failure));
      case 'round-finished':
        return reject(protocolError(`the gateway announces ${output.next} in EAP-Success`));
      default:
        return reject(protocolError(`EAP: ${output.reason}`));
    }
  }

  /** AUTH of both ends by the MSK; by SK_p where there is none (§2.16). */
  readonly conclusion: Task = {
    name: 'eap-auth',
    request: ({ sa }, out) => {
      const secret = this.#keys?.msk ?? skPOf(sa, 'initiator');
      out.push(macOf(sa, 'initiator', this.#id, secret));
    },
    onResponse: ({ sa }, message) => {
      const auth = find(message.payloads, 'AUTH');
      if (auth === undefined || sa.remoteId === undefined) return afterLogin(unproven(sa, message, 'AUTH'));
      const expected = macOf(sa, 'responder', sa.remoteId, this.#keys?.msk ?? skPOf(sa, 'responder'));
      if (!sameMac(auth, expected)) return reject(peerFailed(sa.remoteId, methodName(auth.method)));
      return this.#eapOnly ? acceptIdentity(sa, this.#config, sa.remoteId) : undefined;
    },
  };
}
