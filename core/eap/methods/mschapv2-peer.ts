/**
 * The peer's half of EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2-02, RFC 2759), with another try and a new password
 * where the server allows them. EAP-Success is believed only after the server has proved that it knows the password.
 *
 *     S -> P: Challenge             P -> S: Response
 *     S -> P: Success {S=}          P -> S: Success
 *     S -> P: Failure {E=691 R=1}   P -> S: Response to the new challenge, or Failure
 *     S -> P: Failure {E=648 V=3}   P -> S: Change-Password, or Failure
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { MsChapV2Error } from '#core/registry/mschapv2-errors.ts';
import { type EapFailure, wrongPassword } from '../failure.ts';
import type { EapKeys, PeerMethod, PeerStep } from '../method.ts';
import type { EapAnswer } from '../question.ts';
import {
  encryptNewPassword,
  encryptOldHash,
  MAX_PASSWORD_CHARACTERS,
  mschapv2Msk,
  ntPasswordHash,
} from './mschapv2-crypto.ts';
import { answerChallenge, type Attempt, failureOf, notProven, provesPassword } from './mschapv2-exchange.ts';
import {
  decodeRequest,
  encodeBare,
  encodeChangePassword,
  encodeResponse,
  type FailureText,
  parseSuccess,
} from './mschapv2-packet.ts';

const CHANGE_PASSWORD_VERSION = 3;

/** What the answer to a question will be put into. */
interface Pending {
  readonly kind: 'password' | 'retry' | 'new-password';
  readonly id: number;
  readonly challenge: Uint8Array;
}

export class MsChapV2Peer implements PeerMethod {
  readonly type = EapType.MSCHAPv2;
  satisfied = false;
  suspicion: EapFailure | undefined;
  changedPassword: string | undefined;
  readonly #user: string;
  readonly #random: RandomBytes;
  #password: string | undefined;
  #pending: Pending | undefined;
  #attempt: Attempt | undefined;
  #newPassword: string | undefined;

  constructor(user: string, password: string | undefined, random: RandomBytes) {
    this.#user = user;
    this.#password = password;
    this.#random = random;
  }

  get keys(): EapKeys {
    const attempt = this.#attempt;
    return attempt === undefined ? {} : { msk: mschapv2Msk(attempt.passwordHash, attempt.ntResponse) };
  }

  request(data: Uint8Array): PeerStep {
    const request = decodeRequest(data);
    switch (request.op) {
      case 'challenge':
        return this.#challenged(request.id, request.challenge);
      case 'success':
        return this.#succeeded(request.text);
      default:
        return this.#failed(request.id, request.failure);
    }
  }

  #challenged(id: number, challenge: Uint8Array): PeerStep {
    this.satisfied = false;
    this.#pending = { kind: 'password', id, challenge };
    if (this.#password !== undefined) return this.#respond(this.#pending, this.#password);
    return {
      do: 'ask',
      question: { kind: 'password', method: 'MSCHAPv2', user: this.#user, retry: false },
    };
  }

  #succeeded(text: string): PeerStep {
    const { proof, message } = parseSuccess(text);
    if (this.#attempt === undefined) throw new DecodeError('MSCHAPv2 success', 'came before our response');
    if (!provesPassword(this.#attempt, proof)) return { do: 'fail', failure: notProven() };
    this.satisfied = true;
    this.suspicion = undefined;
    this.changedPassword = this.#newPassword;
    this.#password = this.#newPassword ?? this.#password;
    return {
      do: 'respond',
      data: encodeBare('success'),
      ...(message === undefined ? {} : { notice: message }),
    };
  }

  #failed(id: number, failure: FailureText): PeerStep {
    const { code, retry, challenge, version, message } = failure;
    this.satisfied = false;
    this.#attempt = undefined;
    // Where it was the answer to a change, the old password still counts.
    this.#newPassword = undefined;
    this.suspicion = failureOf(failure, this.#user);
    const said = message === undefined ? {} : { message };
    if (
      challenge !== undefined &&
      code === MsChapV2Error.PASSWD_EXPIRED &&
      version >= CHANGE_PASSWORD_VERSION
    ) {
      this.#pending = { kind: 'new-password', id, challenge };
      return { do: 'ask', question: { kind: 'new-password', user: this.#user, ...said } };
    }
    if (challenge !== undefined && code === MsChapV2Error.AUTHENTICATION_FAILURE && retry) {
      this.#pending = { kind: 'retry', id, challenge };
      return {
        do: 'ask',
        question: { kind: 'password', method: 'MSCHAPv2', user: this.#user, retry, ...said },
      };
    }
    return { do: 'respond', data: encodeBare('failure') };
  }

  answer(answer: EapAnswer): PeerStep {
    const pending = this.#pending;
    if (pending === undefined) throw new Error('MSCHAPv2 did not ask');
    if (pending.kind === 'new-password') {
      if (answer.kind === 'new-password') return this.#change(pending, answer.newPassword);
    } else if (answer.kind === 'password') {
      return this.#respond(pending, answer.password);
    }
    // The server waits for the end of its failure; before that there is nothing to tell it.
    if (pending.kind !== 'password') return { do: 'respond', data: encodeBare('failure') };
    return { do: 'fail', failure: { cause: 'secret-missing', what: 'password' } };
  }

  #respond({ id, challenge }: Pending, password: string): PeerStep {
    this.#password = password;
    this.#pending = undefined;
    this.#attempt = answerChallenge(this.#user, password, challenge, this.#random);
    // Not every server says why before its EAP-Failure.
    this.suspicion = wrongPassword('MSCHAPv2', this.#user);
    return { do: 'respond', data: encodeResponse(id, this.#attempt, this.#user) };
  }

  #change({ id, challenge }: Pending, newPassword: string): PeerStep {
    if (newPassword.length === 0 || newPassword.length > MAX_PASSWORD_CHARACTERS) {
      const message = `A password has 1 to ${MAX_PASSWORD_CHARACTERS} characters.`;
      return { do: 'ask', question: { kind: 'new-password', user: this.#user, message } };
    }
    const oldHash = ntPasswordHash(this.#password ?? '');
    this.#pending = undefined;
    this.#newPassword = newPassword;
    this.#attempt = answerChallenge(this.#user, newPassword, challenge, this.#random);
    const encryptedPassword = encryptNewPassword(newPassword, oldHash, this.#random);
    const encryptedHash = encryptOldHash(oldHash, this.#attempt.passwordHash);
    return {
      do: 'respond',
      // One above the Failure that asks for it (RFC 2759 §7); a Response to a Failure repeats its own.
      data: encodeChangePassword((id + 1) & 0xff, { ...this.#attempt, encryptedPassword, encryptedHash }),
    };
  }
}
