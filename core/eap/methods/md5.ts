/** MD5-Challenge (RFC 3748 §5.4, RFC 1994 §4): the password's hash with a challenge. No keys, no proof of the server. */
import { md5 } from '@noble/hashes/legacy.js';
import { concat, equalConstantTime, type RandomBytes, utf8 } from '#core/bytes/bytes.ts';
import { Reader } from '#core/bytes/reader.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { type EapFailure, wrongPassword } from '../failure.ts';
import type { AuthenticatorMethod, AuthenticatorStep, EapUsers, PeerMethod, PeerStep } from '../method.ts';
import type { EapAnswer } from '../question.ts';

const CHALLENGE_BYTES = 16;

const valueOf = (identifier: number, password: string, challenge: Uint8Array): Uint8Array =>
  md5(concat(Uint8Array.of(identifier), utf8(password), challenge));

/** Value-Size, Value and what follows; the Name behind it says nothing to us. Throws DecodeError. */
function readValue(data: Uint8Array): Uint8Array {
  const reader = new Reader(data);
  return reader.bytes(reader.u8('MD5 value size'), 'MD5 value');
}

export class Md5Peer implements PeerMethod {
  readonly type = EapType.MD5;
  readonly keys = {};
  satisfied = false;
  suspicion: EapFailure | undefined;
  readonly #user: string;
  #password: string | undefined;
  #pending: { challenge: Uint8Array; identifier: number } | undefined;

  constructor(user: string, password: string | undefined) {
    this.#user = user;
    this.#password = password;
  }

  request(data: Uint8Array, identifier: number): PeerStep {
    const challenge = readValue(data).slice();
    if (this.#password !== undefined) return this.#respond(identifier, challenge, this.#password);
    this.#pending = { challenge, identifier };
    return { do: 'ask', question: { kind: 'password', method: 'MD5', user: this.#user, retry: false } };
  }

  answer(answer: EapAnswer): PeerStep {
    if (answer.kind !== 'password' || this.#pending === undefined) {
      return { do: 'fail', failure: { cause: 'secret-missing', what: 'password' } };
    }
    this.#password = answer.password;
    return this.#respond(this.#pending.identifier, this.#pending.challenge, answer.password);
  }

  #respond(identifier: number, challenge: Uint8Array, password: string): PeerStep {
    this.satisfied = true;
    this.suspicion = wrongPassword('MD5', this.#user);
    const value = valueOf(identifier, password, challenge);
    return { do: 'respond', data: concat(Uint8Array.of(value.length), value) };
  }
}

export class Md5Authenticator implements AuthenticatorMethod {
  readonly type = EapType.MD5;
  readonly #users: EapUsers;
  readonly #identity: string;
  readonly #challenge: Uint8Array;

  constructor(users: EapUsers, identity: string, random: RandomBytes) {
    this.#users = users;
    this.#identity = identity;
    this.#challenge = random(CHALLENGE_BYTES);
  }

  start(): AuthenticatorStep {
    return { do: 'request', data: concat(Uint8Array.of(CHALLENGE_BYTES), this.#challenge) };
  }

  response(data: Uint8Array, identifier: number): AuthenticatorStep {
    const value = readValue(data);
    const user = this.#users.find(this.#identity);
    const expected = valueOf(identifier, user?.password ?? '', this.#challenge);
    return equalConstantTime(value, expected) && user !== undefined
      ? { do: 'succeed', keys: {} }
      : { do: 'fail', failure: wrongPassword('MD5', this.#identity) };
  }

  answer(): AuthenticatorStep {
    throw new Error('MD5 asks nothing');
  }
}
