/**
 * Why an EAP conversation did not end well: what the peer side reports to its IKE task, and the authenticator to its own.
 * Each case carries its data; whoever explains it to people adds the sentence.
 */

/** What the TLS engine could not do or would not accept. */
export type TlsFailure =
  /** No chain to a trusted CA, or none at all: OpenSSL's reason in `code`. */
  | {
      readonly reason: 'untrusted';
      readonly code: string;
      readonly subject: string;
      readonly issuer: string;
    }
  | {
      readonly reason: 'expired' | 'not-yet-valid' | 'revoked' | 'wrong-usage';
      readonly subject: string;
      readonly detail: string;
    }
  /** Nobody could say whether it was revoked, and the profile insists on an answer. */
  | { readonly reason: 'revocation-unknown'; readonly subject: string; readonly detail: string }
  /** The chain is good, but it names others than the AAA server that the profile expects. */
  | { readonly reason: 'wrong-name'; readonly expected: string; readonly names: readonly string[] }
  /** The other end gave up and said why, in the words of its TLS alert. */
  | { readonly reason: 'alert'; readonly alert: string }
  /** No version or cipher suite in common, forged records, a stream that ended. */
  | { readonly reason: 'protocol'; readonly detail: string };

export type EapFailure =
  /** The gateway insists on a method that the profile does not allow (or that does not exist here). */
  | {
      readonly cause: 'method-not-allowed';
      readonly offered: readonly string[];
      readonly wanted: readonly string[];
    }
  /** EAP-Failure, and nothing before it says why. `method` is what was under way. */
  | { readonly cause: 'refused'; readonly method?: string; readonly message?: string }
  /** The server does not accept the password or code; `retry` where it would have taken another try. */
  | {
      readonly cause: 'wrong-password';
      readonly method: string;
      readonly user: string;
      readonly retry: boolean;
      readonly message?: string;
    }
  /** MS-CHAPv2 knows the user and still refuses (RFC 2759 §6: 646, 647, 649). */
  | {
      readonly cause: 'account-restricted';
      readonly restriction: 'logon-hours' | 'disabled' | 'no-dialin';
      readonly user: string;
      readonly message?: string;
    }
  | { readonly cause: 'password-expired'; readonly user: string; readonly message?: string }
  /** The new password was refused: too short, too old, forbidden (709). */
  | { readonly cause: 'password-not-changed'; readonly user: string; readonly message?: string }
  /** The other end cannot prove that it knows the password: an impostor, or a gateway with another one. */
  | { readonly cause: 'server-not-authenticated'; readonly method: string; readonly detail: string }
  | { readonly cause: 'tls'; readonly method: string; readonly tls: TlsFailure }
  /** EAP-Success before a method has done its work (RFC 3748 §4.2). */
  | { readonly cause: 'premature-success'; readonly method?: string }
  /** A secret was asked for and nobody gave one. */
  | { readonly cause: 'secret-missing'; readonly what: 'password' | 'one-time-code' | 'new-password' }
  /** Octets or an order of messages that the method does not have. */
  | { readonly cause: 'protocol-error'; readonly method?: string; readonly detail: string };

/** The server does not take it, and offers no other try. */
export const wrongPassword = (method: string, user: string): EapFailure => ({
  cause: 'wrong-password',
  method,
  user,
  retry: false,
});
