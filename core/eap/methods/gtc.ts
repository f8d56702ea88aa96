/**
 * Generic Token Card (RFC 3748 §5.6): the server shows a text, the user types one. No keys, no proof of the server: what
 * is typed goes as it is, so the gateway has to be authenticated first (by IKE, or by the tunnel around).
 */
import { equalConstantTime, fromUtf8, utf8 } from '#core/bytes/bytes.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { spoken } from '#core/text/printable.ts';
import { type EapFailure, wrongPassword } from '../failure.ts';
import type { AuthenticatorMethod, AuthenticatorStep, EapUsers, PeerMethod, PeerStep } from '../method.ts';
import type { EapAnswer } from '../question.ts';

export class GtcPeer implements PeerMethod {
  readonly type = EapType.GTC;
  readonly keys = {};
  satisfied = false;
  suspicion: EapFailure | undefined;
  readonly #user: string;
  #password: string | undefined;

  /** A password that is known already answers the first prompt; later prompts always ask. */
  constructor(user: string, password: string | undefined) {
    this.#user = user;
    this.#password = password;
  }

  request(data: Uint8Array): PeerStep {
    const known = this.#password;
    this.#password = undefined;
    if (known !== undefined) return this.#respond(known);
    const prompt = spoken(fromUtf8(data));
    return { do: 'ask', question: { kind: 'one-time-code', user: this.#user, prompt } };
  }

  answer(answer: EapAnswer): PeerStep {
    if (answer.kind === 'one-time-code') return this.#respond(answer.code);
    return { do: 'fail', failure: { cause: 'secret-missing', what: 'one-time-code' } };
  }

  #respond(text: string): PeerStep {
    this.satisfied = true;
    this.suspicion = wrongPassword('GTC', this.#user);
    return { do: 'respond', data: utf8(text) };
  }
}

export class GtcAuthenticator implements AuthenticatorMethod {
  readonly type = EapType.GTC;
  readonly #users: EapUsers;
  readonly #identity: string;
  readonly #prompt: string;

  constructor(users: EapUsers, identity: string, prompt = 'Password: ') {
    this.#users = users;
    this.#identity = identity;
    this.#prompt = prompt;
  }

  start(): AuthenticatorStep {
    return { do: 'request', data: utf8(this.#prompt) };
  }

  response(data: Uint8Array): AuthenticatorStep {
    const user = this.#users.find(this.#identity);
    const expected = utf8(user?.password ?? '');
    return equalConstantTime(data, expected) && user !== undefined
      ? { do: 'succeed', keys: {} }
      : { do: 'fail', failure: wrongPassword('GTC', this.#identity) };
  }

  answer(): AuthenticatorStep {
    throw new Error('the server side of GTC asks nothing');
  }
}
