/** IKEv2 Certificate Encodings (IANA "IKEv2 Parameters"; RFC 7296 §3.6, RFC 4806 for 14). Used by core/pki/certreq.ts. */
import { registry } from './registry.ts';

export const certEncodings = registry('Cert Encoding', [
  { id: 1, name: 'PKCS7_WRAPPED_X509' },
  { id: 2, name: 'PGP' },
  { id: 3, name: 'DNS_SIGNED_KEY' },
  { id: 4, name: 'X509_SIGNATURE' },
  { id: 6, name: 'KERBEROS_TOKEN' },
  { id: 7, name: 'CRL' },
  { id: 8, name: 'ARL' },
  { id: 9, name: 'SPKI' },
  { id: 10, name: 'X509_ATTRIBUTE' },
  { id: 11, name: 'RAW_RSA_KEY' },
  { id: 12, name: 'HASH_AND_URL_X509' },
  { id: 13, name: 'HASH_AND_URL_X509_BUNDLE' },
  { id: 14, name: 'OCSP_CONTENT' },
  { id: 15, name: 'RAW_PUBLIC_KEY' },
]);

export const CertEncoding = certEncodings.byName;
