/**
 * From the verdicts of core/pki to the Failure that people see. Whoever answers `verify-peer` and `sign` questions
 * (core/ikev2/questions.ts) calls it.
 */
import type { NoAuthMethod } from '#core/pki/auth-choice.ts';
import type { AuthFault } from '#core/pki/auth-signature.ts';
import type { ChainFault } from '#core/pki/verdict.ts';
import type { Failure } from './failure.ts';

/** The chain is not to be trusted. `remoteId`: who the gateway claims to be, as text. */
export const failureOfChain = (fault: ChainFault, remoteId: string): Failure => ({
  cause: 'certificate-rejected',
  remoteId,
  fault,
});

/** The chain is good, but the AUTH value is not the key's. */
export const failureOfAuth = ({ detail }: AuthFault, remoteId: string): Failure => ({
  cause: 'peer-authentication-failed',
  method: 'certificate',
  remoteId,
  detail,
});

/** Our key can do nothing that the gateway takes. */
export const failureOfChoice = ({ detail }: NoAuthMethod): Failure => ({
  cause: 'certificate-unusable',
  detail,
});
