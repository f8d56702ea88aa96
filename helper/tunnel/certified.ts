/**
 * What a tunnel needs as soon as one of its ends proves itself by more than a pre-shared key: X.509, PKCS#12, CRL, OCSP
 * and the TLS of EAP. credentials.ts loads it, by what main.ts hands in, and nothing else imports it, so that the
 * libraries behind it take memory only where they are used (test/system/loaded-modules.test.ts).
 */
export { decodeCertificate } from '#core/pki/certificate.ts';
export { announcedIdentity } from '#core/pki/identity.ts';
export { CertificateAnswers } from './certificate-answers.ts';
export { openOwn } from './own-certificate.ts';
export { authoritiesOf } from './verify-peer.ts';
