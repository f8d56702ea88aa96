/**
 * CERT and CERTREQ (RFC 7296 §3.6, §3.7; RFC 4806 for OCSP). core/pki/certreq.ts says which encodings are taken; what is in
 * them is judged outside (questions.ts).
 */
import { EMPTY } from '#core/bytes/bytes.ts';
import { sortCertificates } from '#core/pki/certreq.ts';
import { CertEncoding } from '#core/registry/cert-encodings.ts';
import type { CertificateRequest } from '../connection-types.ts';
import { findAll } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import type { Task } from './task.ts';

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
export function certreqPayloads({ authorities, ocsp }: CertificateRequest): Payload[] {
  return [
    ...(authorities === undefined
      ? []
      : [{ kind: 'CERTREQ', encoding: X509_SIGNATURE, authorities } as const]),
    // No hash of a responder: any whose certificate the CA has issued for it (RFC 4806 §3.1).
    ...(ocsp === true ? [{ kind: 'CERTREQ', encoding: OCSP_CONTENT, authorities: EMPTY } as const] : []),
  ];
}

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
