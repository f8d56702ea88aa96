/**
 * CERT and CERTREQ (RFC 7296 §3.6, §3.7; RFC 4806 for OCSP). core/pki/certreq.ts says which encodings are taken; what is in
 * them is judged outside (questions.ts).
 */
import { EMPTY } from '#core/bytes/bytes.ts';
import { authoritiesOf, MOST_AUTHORITIES, sortCertificates } from '#core/pki/certreq.ts';
import { CertEncoding } from '#core/registry/cert-encodings.ts';
import type { CertificateRequest } from '../connection-types.ts';
import { findAll } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const { X509_SIGNATURE, OCSP_CONTENT } = CertEncoding;

/** CERT payloads of our own, the end entity first (§3.6). */
export const certPayloads = (certificates: readonly Uint8Array[]): Payload[] =>
  certificates.map((data) => ({ kind: 'CERT', encoding: X509_SIGNATURE, data }));

/** The peer's certificates and OCSP responses, copied. */
export function readCerts(payloads: readonly Payload[]): {
  readonly certificates: Uint8Array[];
  readonly ocsp: Uint8Array[];
} {
  const { chain, stapled } = sortCertificates(findAll(payloads, 'CERT'));
  const copies = (list: readonly Uint8Array[]): Uint8Array[] => list.map((data) => data.slice());
  return { certificates: copies(chain), ocsp: copies(stapled) };
}

/** Asks the other end for certificates. */
function certreqPayloads({ authorities, ocsp }: CertificateRequest): Payload[] {
  return [
    ...(authorities === undefined
      ? []
      : [{ kind: 'CERTREQ', encoding: X509_SIGNATURE, authorities } as const]),
    // No hash of a responder: any whose certificate the CA has issued for it (RFC 4806 §3.1).
    ...(ocsp === true ? [{ kind: 'CERTREQ', encoding: OCSP_CONTENT, authorities: EMPTY } as const] : []),
  ];
}

/** What the peer asks for, from its answer to IKE_SA_INIT or its request of IKE_AUTH (§3.7): the end that signs is told. */
function note({ sa }: Exchange, { payloads }: Message): Verdict {
  const authorities = findAll(payloads, 'CERTREQ').flatMap((request) => authoritiesOf(request));
  sa.peerAuthorities = authorities.slice(0, MOST_AUTHORITIES).map((hash) => hash.slice());
  return undefined;
}

export const heardCertreqTask = (): Task => ({ name: 'heard-certreq', onRequest: note, onResponse: note });

export const certreqTask = (request: CertificateRequest): Task => ({
  name: 'certreq',
  request(_exchange, out) {
    out.push(...certreqPayloads(request));
  },
});

/** The responder asks in its answer to IKE_SA_INIT (§1.2). */
export const certreqOfResponderTask = (request: CertificateRequest): Task => ({
  name: 'certreq',
  response(_exchange, out) {
    out.push(...certreqPayloads(request));
  },
});
