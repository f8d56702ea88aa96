/**
 * Authentication of the initiator and, in its eyes, of the gateway (RFC 7296 §2.15; RFC 4754 and 7427 for signatures).
 *
 *     I -> R: HDR, SK {IDi, [CERT+,] [CERTREQ+,] [IDr,] AUTH, …}
 *     R -> I: HDR, SK {IDr, [CERT+,] AUTH, …}
 *
 * A shared key is computed here; what a certificate takes is asked for (questions.ts). auth-plans.ts puts the tasks in
 * order, auth-responder.ts is the other side.
 */
import { equalIdentification, formatIdentification, type Identification } from '#core/ike/identification.ts';
import type { Failure } from '#core/failure/failure.ts';
import { AuthMethod } from '#core/registry/auth-methods.ts';
import type { InitiatorConfig, RemoteAuthentication } from '../connection-types.ts';
import { protocolError, refusalOf } from '../failures.ts';
import type { IkeSa } from '../ike-sa.ts';
import { find, findError } from '../payload-access.ts';
import type { Message, Payload, PayloadOf } from '../payload-types.ts';
import { copyOf, macOf, methodName, octetsOf, peerFailed, REFUSAL, sameMac } from '../proof.ts';
import type { AuthValue } from '../questions.ts';
import { certPayloads, readCerts } from './certificates.ts';
import { asking, leaving, type Task, type Verdict } from './task.ts';

/** The gateway's proof failed: it hears so in an exchange of our own (§2.21.2). */
export const reject = (failure: Failure): Verdict => leaving(failure, REFUSAL);

/** An answer without a proof: there is no IKE SA (§2.21.2), so nobody is to be told. */
export function unproven(sa: IkeSa, { header, payloads }: Message, lacks: string): Verdict {
  const error = findError(payloads);
  const failure =
    error === undefined
      ? protocolError(`the answer to IKE_AUTH lacks ${lacks}`)
      : refusalOf(sa, error.type, header.exchange);
  return { ruling: 'close', failure };
}

/** IDi opens the message (appendix C.2); our certificates follow. */
export const identityTask = (id: Identification, certificates: readonly Uint8Array[] = []): Task => ({
  name: 'identity',
  request(_exchange, out) {
    out.push({ kind: 'IDi', id }, ...certPayloads(certificates));
  },
});

/** IDr: which of its identities the gateway should show. */
export const wantedIdentityTask = ({ sendRemoteId, remoteId }: InitiatorConfig): Task => ({
  name: 'wanted-identity',
  request(_exchange, out) {
    if (sendRemoteId && remoteId !== undefined) out.push({ kind: 'IDr', id: remoteId });
  },
});

/** Our AUTH: by the key, or by a signature that is asked for. */
export function proofTask(config: InitiatorConfig): Task {
  const { authentication, localId } = config;
  if (authentication.method === 'psk') {
    return {
      name: 'proof',
      request: ({ sa }, out) => void out.push(macOf(sa, 'initiator', localId, authentication.psk)),
    };
  }
  let auth: AuthValue | undefined;
  return {
    name: 'proof',
    prepare: ({ sa }) =>
      asking<'sign'>(
        {
          kind: 'sign',
          octets: octetsOf(sa, 'initiator', localId),
          peerHashes: sa.peerHashes,
          authorities: sa.peerAuthorities,
        },
        (answer) => {
          // Nothing has been said to the gateway that it would have to hear the end of.
          if (answer.kind === 'failed') return { ruling: 'close', failure: answer.failure };
          auth = answer.auth;
          sa.unaskedIssuer = answer.issuer;
          return undefined;
        },
      ),
    request(_exchange, out) {
      if (auth === undefined) throw new Error('AUTH without a signature');
      out.push({ kind: 'AUTH', ...auth });
    },
  };
}

/** How the gateway has to prove itself, whether the configuration says so or leaves it to us. */
export function remoteAuthenticationOf(config: InitiatorConfig): RemoteAuthentication {
  const { authentication, remoteAuthentication } = config;
  return (
    remoteAuthentication ?? (authentication.method === 'psk' ? authentication : { method: 'certificate' })
  );
}

/** Who the gateway is, once it has proven it by a shared secret: then nothing else vouches for its name. */
export function acceptIdentity(sa: IkeSa, { remoteId }: InitiatorConfig, id: Identification): Verdict {
  if (remoteId !== undefined && !equalIdentification(id, remoteId)) {
    return reject({
      cause: 'identity-mismatch',
      expected: formatIdentification(remoteId),
      presented: formatIdentification(id),
    });
  }
  sa.remoteId = copyOf(id);
  return undefined;
}

/** The gateway's AUTH. */
export function gatewayProofTask(config: InitiatorConfig): Task {
  const remote = remoteAuthenticationOf(config);
  return {
    name: 'gateway-proof',
    onResponse({ sa }, message) {
      const idr = find(message.payloads, 'IDr');
      const auth = find(message.payloads, 'AUTH');
      if (idr === undefined || (auth === undefined && remote.method !== 'eap-only')) {
        return unproven(sa, message, 'IDr or AUTH');
      }
      // EAP proves it at its end, with the identity as it stands here.
      if (remote.method === 'eap-only' || auth === undefined) {
        sa.remoteId = copyOf(idr.id);
        return undefined;
      }
      // The proof first: until it holds, the identity is anybody's word.
      if (remote.method === 'psk') {
        return sameMac(auth, macOf(sa, 'responder', idr.id, remote.psk))
          ? acceptIdentity(sa, config, idr.id)
          : reject(peerFailed(idr.id, methodName(auth.method)));
      }
      return verifyGateway(sa, config, { id: copyOf(idr.id), auth, payloads: message.payloads });
    },
  };
}

function verifyGateway(
  sa: IkeSa,
  { remoteId }: InitiatorConfig,
  claim: {
    readonly id: Identification;
    readonly auth: PayloadOf<'AUTH'>;
    readonly payloads: readonly Payload[];
  },
): Verdict {
  const { id, auth, payloads } = claim;
  // A shared key where a certificate is expected: nobody has to be asked about that.
  if (auth.method === AuthMethod.SHARED_KEY_MIC) return reject(peerFailed(id, methodName(auth.method)));
  return asking<'verify-peer'>(
    {
      kind: 'verify-peer',
      claimed: id,
      ...(remoteId === undefined ? {} : { expected: remoteId }),
      ...readCerts(payloads),
      auth: { method: auth.method, data: auth.data.slice() },
      octets: octetsOf(sa, 'responder', id),
    },
    (answer) => {
      if (answer.kind === 'failed') return reject(answer.failure);
      sa.remoteId = id;
      return undefined;
    },
  );
}
