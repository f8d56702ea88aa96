/**
 * The authenticator's half of EAP-MSCHAPv2: one further try after a wrong password, a new password for users whose own
 * has expired (RFC 2759 §6, §7). The twin of mschapv2-peer.ts.
 */
import { equalConstantTime, type RandomBytes } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { MsChapV2Error } from '#core/registry/mschapv2-errors.ts';
import type { EapFailure } from '../failure.ts';
import type { AuthenticatorMethod, AuthenticatorStep, EapUsers } from '../method.ts';
import {
  authenticatorResponse,
  CHALLENGE_BYTES,
  decryptNewPassword,
  decryptOldHash,
  mschapv2Msk,
  ntPasswordHash,
  ntResponse,
} from './mschapv2-crypto.ts';
import { failureOf } from './mschapv2-exchange.ts';
import {
  decodeResponse,
  encodeChallenge,
  encodeText,
  type FailureText,
  formatFailure,
  type MsChapV2Response,
} from './mschapv2-packet.ts';

const SERVER_NAME = 'adit';

type Proof = Extract<MsChapV2Response, { op: 'response' }>;
type Change = Extract<MsChapV2Response, { op: 'change-password' }>;

export class MsChapV2Authenticator implements AuthenticatorMethod {
  readonly type = EapType.MSCHAPv2;
  readonly #users: EapUsers;
  readonly #identity: string;
  readonly #random: RandomBytes;
  #triesLeft: number;
  #challenge: Uint8Array;
  #id = 0;
  /** The name as the peer wrote it: the hashes are made with it. */
  #name: string;
  /** What the peer has to acknowledge: our proof, or our refusal. */
  #awaits: 'response' | 'change-password' | { msk: Uint8Array } | { failure: EapFailure } = 'response';
  /** Of the refusal that a new try or a Change-Password may follow. */
  #refused: EapFailure | undefined;

  constructor(users: EapUsers, identity: string, random: RandomBytes, tries = 2) {
    this.#users = users;
    this.#identity = identity;
    this.#name = identity;
    this.#random = random;
    this.#triesLeft = tries;
    this.#challenge = random(CHALLENGE_BYTES);
  }

  start(identifier: number): AuthenticatorStep {
    this.#id = identifier;
    return { do: 'request', data: encodeChallenge(identifier, this.#challenge, SERVER_NAME) };
  }

  response(data: Uint8Array): AuthenticatorStep {
    const response = decodeResponse(data);
    const awaits = this.#awaits;
    if (typeof awaits === 'object') {
      if ('msk' in awaits && response.op === 'success') return { do: 'succeed', keys: { msk: awaits.msk } };
      if ('failure' in awaits && response.op === 'failure') return { do: 'fail', failure: awaits.failure };
    } else if (response.op === 'failure' && this.#refused !== undefined) {
      return { do: 'fail', failure: this.#refused };
    } else if (response.op === 'response' && awaits === 'response') {
      return this.#check(response);
    } else if (response.op === 'change-password' && awaits === 'change-password') {
      return this.#change(response);
    }
    throw new DecodeError('MSCHAPv2 opcode', `${response.op} is not what was asked for`);
  }

  answer(): AuthenticatorStep {
    throw new Error('the server side of MSCHAPv2 asks nothing');
  }

  #check(response: Proof): AuthenticatorStep {
    this.#name = response.name;
    const user = this.#users.find(this.#identity);
    const hash = ntPasswordHash(user?.password ?? '');
    if (user === undefined || !this.#fits(response, hash)) {
      this.#triesLeft--;
      return this.#refuse(MsChapV2Error.AUTHENTICATION_FAILURE, this.#triesLeft > 0 ? 'response' : undefined);
    }
    if (user.expired === true) return this.#refuse(MsChapV2Error.PASSWD_EXPIRED, 'change-password');
    return this.#prove(response, hash);
  }

  #change(response: Change): AuthenticatorStep {
    const oldHash = ntPasswordHash(this.#users.find(this.#identity)?.password ?? '');
    const newPassword = decryptNewPassword(response.encryptedPassword, oldHash);
    const newHash = ntPasswordHash(newPassword ?? '');
    const honest =
      newPassword !== undefined &&
      equalConstantTime(decryptOldHash(response.encryptedHash, newHash), oldHash) &&
      this.#fits(response, newHash);
    if (!honest || this.#users.changePassword?.(this.#identity, newPassword) !== true) {
      return this.#refuse(MsChapV2Error.CHANGING_PASSWORD, undefined);
    }
    return this.#prove(response, newHash);
  }

  #challenges(response: Proof | Change) {
    return { authenticator: this.#challenge, peer: response.peerChallenge, user: this.#name };
  }

  #fits(response: Proof | Change, hash: Uint8Array): boolean {
    return equalConstantTime(response.ntResponse, ntResponse(this.#challenges(response), hash));
  }

  #prove(response: Proof | Change, hash: Uint8Array): AuthenticatorStep {
    this.#awaits = { msk: mschapv2Msk(hash, response.ntResponse) };
    const proof = authenticatorResponse(this.#challenges(response), hash, response.ntResponse);
    return { do: 'request', data: encodeText('success', this.#id, `${proof} M=Welcome`) };
  }

  /** Says no; `next` is what the peer may still do about it, with a new challenge. */
  #refuse(code: number, next: 'response' | 'change-password' | undefined): AuthenticatorStep {
    this.#challenge = this.#random(CHALLENGE_BYTES);
    this.#id = (this.#id + 1) & 0xff;
    const text: FailureText = { code, retry: next !== undefined, challenge: this.#challenge, version: 3 };
    this.#refused = failureOf(text, this.#identity);
    this.#awaits = next ?? { failure: this.#refused };
    return { do: 'request', data: encodeText('failure', this.#id, formatFailure(text)) };
  }
}
