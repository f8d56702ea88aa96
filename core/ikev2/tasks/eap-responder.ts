/** EAP inside IKE_AUTH as the gateway sees it (RFC 7296 §2.16): the twin of eap.ts, over core/eap's authenticator. */
import { utf8 } from '#core/bytes/bytes.ts';
import type { EapAuthenticator, EapAuthenticatorOutput } from '#core/eap/authenticator.ts';
import { createEapAuthenticator } from '#core/eap/create-authenticator.ts';
import type { EapKeys } from '#core/eap/method.ts';
import { type Identification, parseIdentification } from '#core/ike/identification.ts';
import { IdType } from '#core/registry/id-types.ts';
import type { EapService, ResponderConfig } from '../connection-types.ts';
import { failureOfEap } from '../eap-failures.ts';
import { protocolError } from '../failures.ts';
import { find } from '../payload-access.ts';
import { macOf, methodName, peerFailed, sameMac, skPOf } from '../proof.ts';
import { type Claim, refusing } from './auth-responder.ts';
import { asking, type Task, type Verdict } from './task.ts';

/** Whom EAP has authenticated; IDi was only said. */
const identityOf = (name: string): Identification =>
  parseIdentification(name) ?? { type: IdType.ID_KEY_ID, data: utf8(name) };

export class EapHost {
  readonly #config: ResponderConfig;
  readonly #claim: Claim;
  readonly #authenticator: EapAuthenticator;
  #outgoing: Uint8Array | undefined;
  #result: { readonly keys: EapKeys; readonly identity: string } | undefined;

  constructor(config: ResponderConfig, service: EapService, claim: Claim) {
    this.#config = config;
    this.#claim = claim;
    this.#authenticator = createEapAuthenticator({ ...service, random: config.random });
  }

  /** EAP-Success has gone out: AUTH comes next. */
  get finished(): boolean {
    return this.#result !== undefined;
  }

  readonly #send: Task['response'] = (_exchange, out) => {
    if (this.#outgoing !== undefined) out.push({ kind: 'EAP', message: this.#outgoing });
  };

  /** IDi, and our first packet. */
  readonly start: Task = {
    name: 'eap-start',
    onRequest: (_exchange, { payloads }) => {
      const idi = find(payloads, 'IDi');
      if (idi === undefined || find(payloads, 'AUTH') !== undefined) {
        return refusing(protocolError('IKE_AUTH with AUTH or without IDi (EAP is wanted)'));
      }
      this.#claim.id = { type: idi.id.type, data: idi.id.data.slice() };
      return undefined;
    },
    prepare: () => this.#said(this.#authenticator.start()),
    response: this.#send,
  };

  readonly round: Task = {
    name: 'eap',
    onRequest: (_exchange, { payloads }) => {
      const eap = find(payloads, 'EAP');
      if (eap === undefined) return refusing(protocolError('IKE_AUTH without EAP'));
      return this.#said(this.#authenticator.receive(eap.message));
    },
    response: this.#send,
  };

  #said(output: EapAuthenticatorOutput): Verdict {
    switch (output.kind) {
      case 'send':
        this.#outgoing = output.packet;
        return undefined;
      case 'ask':
        return asking<'eap'>({ kind: 'eap', eap: output.question }, (answer) =>
          this.#said(this.#authenticator.answer(answer.kind === 'eap' ? answer.eap : { kind: 'none' })),
        );
      case 'finished':
        this.#outgoing = output.packet;
        this.#result = output;
        return undefined;
      default:
        // EAP-Failure stands in the place of the notify (§2.16).
        return {
          ruling: 'refuse',
          answer: { kind: 'EAP', message: output.packet },
          failure: failureOfEap(output.failure),
        };
    }
  }

  /** AUTH of both ends by the MSK; by SK_p where there is none (§2.16). */
  readonly conclusion: Task = {
    name: 'eap-auth',
    onRequest: ({ sa }, { payloads }) => {
      const auth = find(payloads, 'AUTH');
      const { id } = this.#claim;
      const result = this.#result;
      if (auth === undefined || id === undefined || result === undefined) {
        return refusing(protocolError('IKE_AUTH without AUTH after EAP'));
      }
      const expected = macOf(sa, 'initiator', id, result.keys.msk ?? skPOf(sa, 'initiator'));
      if (!sameMac(auth, expected)) return refusing(peerFailed(id, methodName(auth.method)));
      sa.remoteId = identityOf(result.identity);
      return undefined;
    },
    response: ({ sa }, out) => {
      const secret = this.#result?.keys.msk ?? skPOf(sa, 'responder');
      out.push(macOf(sa, 'responder', this.#config.localId, secret));
    },
  };
}
