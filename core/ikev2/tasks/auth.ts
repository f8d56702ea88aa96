/**
 * Authentication with a pre-shared key (RFC 7296 §2.15), and the identities of both ends.
 *
 *     I -> R: HDR, SK {IDi, [IDr,] AUTH, …}
 *     R -> I: HDR, SK {IDr, AUTH, …}
 *
 * identityTask stands first in the list, because IDi opens the message (appendix C.2); authTask follows what else
 * comes before AUTH.
 */
import { equalConstantTime } from '#core/bytes/bytes.ts';
import { equalIdentification, formatIdentification, type Identification } from '#core/ike/identification.ts';
import { AuthMethod, authMethods } from '#core/registry/auth-methods.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { InitiatorConfig, ResponderConfig } from '../connection-types.ts';
import { failureOfNotify, protocolError } from '../failures.ts';
import type { IkeSa } from '../ike-sa.ts';
import { pskAuth, signedOctets } from '../key-material.ts';
import { find, findError, notify } from '../payload-access.ts';
import type { PayloadOf } from '../payload-types.ts';
import { type Exchange, leaving, type Task, type Verdict } from './task.ts';

const REFUSAL = notify(NotifyType.AUTHENTICATION_FAILED);

/** The AUTH value of one end. `who` is whose proof it is, `id` what stands in that end's ID payload. */
function authOf(sa: IkeSa, who: 'initiator' | 'responder', id: Identification, psk: Uint8Array): Uint8Array {
  if (sa.suite === undefined || sa.keys === undefined) throw new Error('AUTH before the keys');
  const { prf } = sa.suite;
  const octets =
    who === 'initiator'
      ? signedOctets({ prf, message: sa.initRequest, nonce: sa.nonceR, skP: sa.keys.skPi, id })
      : signedOctets({ prf, message: sa.initResponse, nonce: sa.nonceI, skP: sa.keys.skPr, id });
  return pskAuth(prf, psk, octets);
}

const peerFailed = (id: Identification, method: number): Failure => ({
  cause: 'peer-authentication-failed',
  method: method === AuthMethod.SHARED_KEY_MIC ? 'psk' : authMethods.nameOf(method),
  remoteId: formatIdentification(id),
});

const copyOf = ({ type, data }: Identification): Identification => ({ type, data: data.slice() });

const proves = (auth: PayloadOf<'AUTH'>, expected: Uint8Array): boolean =>
  auth.method === AuthMethod.SHARED_KEY_MIC && equalConstantTime(auth.data, expected);

export function identityTask(): Task {
  return {
    name: 'identity',
    request({ sa }, out) {
      out.push({ kind: 'IDi', id: sa.config.localId });
    },
  };
}

/** The gateway's proof failed: it hears so in an exchange of our own (§2.21.2). */
const reject = (failure: Failure): Verdict => leaving(failure, REFUSAL);

export function authTaskOfInitiator(config: InitiatorConfig): Task {
  const { psk } = config.authentication;

  return {
    name: 'auth',
    request({ sa }, out) {
      if (config.sendRemoteId && config.remoteId !== undefined)
        out.push({ kind: 'IDr', id: config.remoteId });
      const data = authOf(sa, 'initiator', config.localId, psk);
      out.push({ kind: 'AUTH', method: AuthMethod.SHARED_KEY_MIC, data });
    },
    onResponse({ sa }, { header, payloads }) {
      const idr = find(payloads, 'IDr');
      const auth = find(payloads, 'AUTH');
      if (idr === undefined || auth === undefined) {
        // An error without a proof: there is no IKE SA (§2.21.2), so nobody is to be told.
        const error = findError(payloads);
        return {
          ruling: 'close',
          failure:
            error === undefined
              ? protocolError('the answer to IKE_AUTH lacks IDr or AUTH')
              : failureOfNotify(error.type, config, header.exchange),
        };
      }
      // The proof first: until it holds, the identity is anybody's word.
      if (!proves(auth, authOf(sa, 'responder', idr.id, psk))) return reject(peerFailed(idr.id, auth.method));
      if (config.remoteId !== undefined && !equalIdentification(idr.id, config.remoteId)) {
        return reject({
          cause: 'identity-mismatch',
          expected: formatIdentification(config.remoteId),
          presented: formatIdentification(idr.id),
        });
      }
      sa.remoteId = copyOf(idr.id);
      return undefined;
    },
    done: announce,
  };
}

export function authTaskOfResponder(config: ResponderConfig): Task {
  let psk: Uint8Array | undefined;
  return {
    name: 'auth',
    onRequest({ sa }, { payloads }) {
      const idi = find(payloads, 'IDi');
      const auth = find(payloads, 'AUTH');
      if (idi === undefined || auth === undefined) {
        return {
          ruling: 'refuse',
          answer: REFUSAL,
          failure: protocolError('IKE_AUTH without IDi or AUTH (EAP is not served)'),
        };
      }
      // An unknown identity is checked against a key that nobody has: same work, same answer, same time.
      psk = config.findPsk(idi.id);
      const proven = proves(auth, authOf(sa, 'initiator', idi.id, psk ?? config.random(32)));
      if (psk === undefined || !proven) {
        return { ruling: 'refuse', answer: REFUSAL, failure: peerFailed(idi.id, auth.method) };
      }
      sa.remoteId = copyOf(idi.id);
      return undefined;
    },
    response({ sa }, out) {
      // An IDr of the request is a wish (§2.15 lets us answer with another identity); the initiator decides.
      if (psk === undefined) throw new Error('an answer to a peer without a key');
      out.push({ kind: 'IDr', id: config.localId });
      const data = authOf(sa, 'responder', config.localId, psk);
      out.push({ kind: 'AUTH', method: AuthMethod.SHARED_KEY_MIC, data });
    },
    done: announce,
  };
}

/** Both ends have proven who they are. */
function announce({ sa, now }: Exchange): Verdict {
  if (sa.suite === undefined || sa.remoteId === undefined)
    throw new Error('established without keys or peer');
  if (sa.config.lifetimeSec !== undefined) sa.expiresAt = now + sa.config.lifetimeSec * 1000;
  if (!sa.isInitiator) sa.emitPath();
  sa.emit({
    type: 'ike-established',
    spiI: sa.spiI,
    spiR: sa.spiR,
    suite: sa.suite,
    remoteId: sa.remoteId,
    vendorIds: sa.peerVendorIds,
    ...(sa.expiresAt === undefined ? {} : { expiresAt: sa.expiresAt }),
  });
  return undefined;
}
