/**
 * AUTH values of both ends (RFC 7296 §2.15, §2.16): what they cover, and those that a shared secret makes. The
 * authentication tasks call it.
 */
import { equalConstantTime } from '#core/bytes/bytes.ts';
import type { Failure } from '#core/failure/failure.ts';
import { formatIdentification, type Identification } from '#core/ike/identification.ts';
import { AuthMethod, authMethods } from '#core/registry/auth-methods.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import type { IkeSa } from './ike-sa.ts';
import { pskAuth, signedOctets } from './key-material.ts';
import { notify } from './payload-access.ts';
import type { Payload, PayloadOf } from './payload-types.ts';

export type End = 'initiator' | 'responder';

export const REFUSAL: Payload = notify(NotifyType.AUTHENTICATION_FAILED);

/** What the AUTH of one end covers; `id` is what stands in that end's ID payload. */
export function octetsOf(sa: IkeSa, who: End, id: Identification): Uint8Array {
  if (sa.suite === undefined || sa.keys === undefined) throw new Error('AUTH before the keys');
  const { prf } = sa.suite;
  const intAuth = sa.intAuth.signed;
  return who === 'initiator'
    ? signedOctets({ prf, message: sa.initRequest, nonce: sa.nonceR, skP: sa.keys.skPi, id, intAuth })
    : signedOctets({ prf, message: sa.initResponse, nonce: sa.nonceI, skP: sa.keys.skPr, id, intAuth });
}

/** AUTH by a shared secret: a pre-shared key or the MSK of EAP. */
export function macOf(sa: IkeSa, who: End, id: Identification, secret: Uint8Array): PayloadOf<'AUTH'> {
  const octets = octetsOf(sa, who, id);
  if (sa.suite === undefined) throw new Error('AUTH before the keys');
  return { kind: 'AUTH', method: AuthMethod.SHARED_KEY_MIC, data: pskAuth(sa.suite.prf, secret, octets) };
}

/** The secret where an EAP method makes none: SK_p of the end that sends AUTH (§2.16). */
export function skPOf(sa: IkeSa, who: End): Uint8Array {
  if (sa.keys === undefined) throw new Error('AUTH before the keys');
  return who === 'initiator' ? sa.keys.skPi : sa.keys.skPr;
}

export const sameMac = (auth: PayloadOf<'AUTH'>, expected: PayloadOf<'AUTH'>): boolean =>
  auth.method === expected.method && equalConstantTime(auth.data, expected.data);

export const methodName = (method: number): string =>
  method === AuthMethod.SHARED_KEY_MIC ? 'psk' : authMethods.nameOf(method);

export const peerFailed = (id: Identification, method: string): Failure => ({
  cause: 'peer-authentication-failed',
  method,
  remoteId: formatIdentification(id),
});

/** The octets of an identity outlive the datagram they came in. */
export const copyOf = ({ type, data }: Identification): Identification => ({ type, data: data.slice() });
