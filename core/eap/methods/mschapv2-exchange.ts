/**
 * The peer's side of MS-CHAPv2 as values: an answer to a challenge with what is needed to check the proof that follows,
 * and what a Failure means. EAP-MSCHAPv2 and TTLS use it alike.
 */
import { equalConstantTime, type RandomBytes, utf8 } from '#core/bytes/bytes.ts';
import { MsChapV2Error, mschapv2Errors } from '#core/registry/mschapv2-errors.ts';
import type { EapFailure } from '../failure.ts';
import {
  authenticatorResponse,
  CHALLENGE_BYTES,
  type Challenges,
  ntPasswordHash,
  ntResponse,
} from './mschapv2-crypto.ts';
import type { FailureText, ResponseValue } from './mschapv2-packet.ts';

/** An answer that has gone out. */
export interface Attempt extends ResponseValue {
  readonly challenges: Challenges;
  readonly passwordHash: Uint8Array;
}

/** Answers as `user`, whose domain is sent but not hashed. */
export function answerChallenge(
  user: string,
  password: string,
  authenticatorChallenge: Uint8Array,
  random: RandomBytes,
): Attempt {
  const peerChallenge = random(CHALLENGE_BYTES);
  const challenges = { authenticator: authenticatorChallenge, peer: peerChallenge, user };
  const passwordHash = ntPasswordHash(password);
  return { challenges, passwordHash, peerChallenge, ntResponse: ntResponse(challenges, passwordHash) };
}

/** Whether `proof` (`S=…`) could only be written by somebody who knows the password. */
export const provesPassword = (attempt: Attempt, proof: string): boolean =>
  equalConstantTime(
    utf8(proof),
    utf8(authenticatorResponse(attempt.challenges, attempt.passwordHash, attempt.ntResponse)),
  );

export const notProven = (): EapFailure => ({
  cause: 'server-not-authenticated',
  method: 'MSCHAPv2',
  detail: 'its authenticator response does not fit the password',
});

const RESTRICTIONS: Readonly<Record<number, 'logon-hours' | 'disabled' | 'no-dialin'>> = {
  [MsChapV2Error.RESTRICTED_LOGON_HOURS]: 'logon-hours',
  [MsChapV2Error.ACCT_DISABLED]: 'disabled',
  [MsChapV2Error.NO_DIALIN_PERMISSION]: 'no-dialin',
};

/** What stands behind a Failure of the server (RFC 2759 §6). */
export function failureOf({ code, retry, message }: FailureText, user: string): EapFailure {
  const said = message === undefined ? {} : { message };
  const restriction = RESTRICTIONS[code];
  if (restriction !== undefined) return { cause: 'account-restricted', restriction, user, ...said };
  switch (code) {
    case MsChapV2Error.AUTHENTICATION_FAILURE:
      return { cause: 'wrong-password', method: 'MSCHAPv2', user, retry, ...said };
    case MsChapV2Error.PASSWD_EXPIRED:
      return { cause: 'password-expired', user, ...said };
    case MsChapV2Error.CHANGING_PASSWORD:
      return { cause: 'password-not-changed', user, ...said };
    default:
      return { cause: 'refused', method: 'MSCHAPv2', message: message ?? mschapv2Errors.nameOf(code) };
  }
}
