/** What OpenSSL and node:tls say went wrong, in the terms of core/eap. Used by tls-tunnel.ts. */
import type { TlsFailure } from '#core/eap/failure.ts';

export interface CertificateNames {
  readonly subject: string;
  readonly issuer: string;
}

const VERDICTS: Readonly<Record<string, 'expired' | 'not-yet-valid' | 'revoked' | 'wrong-usage'>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  CERT_REVOKED: 'revoked',
  INVALID_PURPOSE: 'wrong-usage',
};

/** `code` is OpenSSL's verdict on the chain, e.g. SELF_SIGNED_CERT_IN_CHAIN. */
export function chainFailure(code: string, { subject, issuer }: CertificateNames): TlsFailure {
  const reason = VERDICTS[code];
  return reason === undefined
    ? { reason: 'untrusted', code, subject, issuer }
    : { reason, subject, detail: code };
}

/** `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA` is an alert of the other end; `ERR_SSL_WRONG_VERSION_NUMBER` is our own verdict. */
const ALERT = /^ERR_SSL_(?:TLSV\d+|SSLV3|SSL\/TLS)_ALERT_(.+)$/;

/** What an error of the TLS socket means. */
export function socketFailure(
  error: Error & { readonly code?: string; readonly reason?: string },
): TlsFailure {
  const alert = ALERT.exec(error.code ?? '')?.[1];
  if (alert !== undefined) return { reason: 'alert', alert: alert.toLowerCase().replaceAll('_', ' ') };
  return { reason: 'protocol', detail: error.reason ?? error.message };
}
