/**
 * Authentication as the gateway sees it: the client's proof by key or certificate, and the gateway's own (RFC 7296 §2.15). The
 * twin of auth.ts; auth-service.ts puts the tasks in order.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { Identification } from '#core/ike/identification.ts';
import { AuthMethod } from '#core/registry/auth-methods.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import type { ResponderConfig } from '../connection-types.ts';
import { protocolError } from '../failures.ts';
import { find, findNotify } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import { copyOf, macOf, methodName, octetsOf, peerFailed, REFUSAL, sameMac } from '../proof.ts';
import type { AuthValue } from '../questions.ts';
import { certPayloads, readCerts } from './certificates.ts';
import { asking, type Task, type Verdict } from './task.ts';

export type Refusing = Extract<Verdict, { ruling: 'refuse' }>;

/** AUTHENTICATION_FAILED, and the end. */
export const refusing = (failure: Failure): Refusing => ({ ruling: 'refuse', answer: REFUSAL, failure });

/** What the tasks of a login find out for each other. */
export interface Claim {
  /** IDi, as the peer's AUTH covers it. */
  id?: Identification;
  /** Of findPsk. */
  psk?: Uint8Array;
}

/** The client's AUTH by the pre-shared key. */
export const clientPskTask = (config: ResponderConfig, claim: Claim): Task => ({
  name: 'client-psk',
  onRequest({ sa }, { payloads }) {
    const idi = find(payloads, 'IDi');
    const auth = find(payloads, 'AUTH');
    if (idi === undefined || auth === undefined) {
      return refusing(protocolError('IKE_AUTH without IDi or AUTH (EAP is not served)'));
    }
    // An unknown identity is checked against a key that nobody has: same work, same answer, same time.
    const psk = config.findPsk(idi.id);
    const proven = sameMac(auth, macOf(sa, 'initiator', idi.id, psk ?? config.random(32)));
    if (psk === undefined || !proven) return refusing(peerFailed(idi.id, methodName(auth.method)));
    claim.psk = psk;
    sa.remoteId = copyOf(idi.id);
    return undefined;
  },
});

/** The client's AUTH by its certificate. */
export const clientCertificateTask = (): Task => ({
  name: 'client-certificate',
  onRequest({ sa }, { payloads }) {
    const idi = find(payloads, 'IDi');
    const auth = find(payloads, 'AUTH');
    if (idi === undefined || auth === undefined) {
      return refusing(protocolError('IKE_AUTH without IDi or AUTH (a certificate is wanted)'));
    }
    if (auth.method === AuthMethod.SHARED_KEY_MIC) return refusing(peerFailed(idi.id, 'psk'));
    const id = copyOf(idi.id);
    return asking<'verify-peer'>(
      {
        kind: 'verify-peer',
        claimed: id,
        ...readCerts(payloads),
        auth: { method: auth.method, data: auth.data.slice() },
        octets: octetsOf(sa, 'initiator', id),
      },
      (answer) => {
        if (answer.kind === 'failed') return refusing(answer.failure);
        sa.remoteId = id;
        return undefined;
      },
    );
  },
});

/**
 * IDr, our certificates and our AUTH. An IDr of the request is a wish (§2.15 lets us answer with another identity); the
 * initiator decides.
 */
export function gatewayIdentityTask(config: ResponderConfig, claim: Claim): Task {
  const { authentication, localId } = config;
  const idr: Payload = { kind: 'IDr', id: localId };
  let auth: AuthValue | undefined;
  return {
    name: 'gateway-identity',
    onRequest(_exchange, { payloads }) {
      if (authentication?.method !== 'eap-only') return undefined;
      return findNotify(payloads, NotifyType.EAP_ONLY_AUTHENTICATION) === undefined
        ? refusing(protocolError('IKE_AUTH without EAP_ONLY_AUTHENTICATION'))
        : undefined;
    },
    prepare({ sa }) {
      if (authentication?.method !== 'certificate') return undefined;
      return asking<'sign'>(
        {
          kind: 'sign',
          octets: octetsOf(sa, 'responder', localId),
          peerHashes: sa.peerHashes,
          authorities: sa.peerAuthorities,
        },
        (answer) => {
          if (answer.kind === 'failed') return refusing(answer.failure);
          auth = answer.auth;
          return undefined;
        },
      );
    },
    response({ sa }, out) {
      if (authentication?.method === 'certificate') {
        if (auth === undefined) throw new Error('AUTH without a signature');
        out.push(idr, ...certPayloads(authentication.certificates), { kind: 'AUTH', ...auth });
        return;
      }
      out.push(idr);
      if (authentication?.method === 'eap-only') return;
      const psk = authentication?.psk ?? claim.psk;
      if (psk === undefined) throw new Error('an answer to a peer without a key');
      out.push(macOf(sa, 'responder', localId, psk));
    },
  };
}
