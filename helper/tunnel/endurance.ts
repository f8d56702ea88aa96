/**
 * Which failures end a tunnel that was connected before. It was connected with the very settings that are tried again, so a
 * refusal is often one of a gateway that has just started: each cause may come so many times in a row. What costs something
 * (a wrong password locks accounts) is final at once. retries.ts asks here; before the first connection every failure is final.
 */
import type { Failure } from '#core/failure/failure.ts';

const FOREVER = Number.POSITIVE_INFINITY;
/** The back-off makes some two minutes of it: a gateway that starts loads its settings by then. */
const LOADING = 8;
/** Some seven seconds. */
const BRIEFLY = 4;

/** How often in a row a cause may come before it is final, with the reason. */
const ENDURED: Readonly<Record<Failure['cause'], number>> = {
  // The way to the gateway, or the gateway itself, is gone: that is what reconnecting is for.
  'no-answer': FOREVER,
  'peer-dead': FOREVER,
  'name-not-resolved': FOREVER,
  'network-unreachable': FOREVER,
  timeout: FOREVER,
  expired: FOREVER,
  // The gateway ended it, for a restart or for room; it may take us again.
  'closed-by-peer': FOREVER,
  'peer-error': FOREVER,
  // The connection could not move with us: a fresh one can.
  'roaming-unsupported': FOREVER,
  // Leases of a connection that died are free again when the gateway notices.
  'no-address': FOREVER,
  // Nobody was there to answer; who declines ends the tunnel (succession.ts).
  'secret-missing': FOREVER,
  // A gateway that has not loaded its connections yet knows none that fits.
  'no-proposal': LOADING,
  'invalid-ke': LOADING,
  'ts-unacceptable': LOADING,
  'protocol-error': LOADING,
  'second-authentication-unsupported': LOADING,
  'ppk-unsupported': LOADING,
  // Where gateways send us changes with their load.
  'redirect-loop': LOADING,
  'redirect-refused': LOADING,
  // Keys are loaded after connections, and the login servers behind it may start later.
  'authentication-refused': BRIEFLY,
  'ppk-declined': BRIEFLY,
  'peer-authentication-failed': BRIEFLY,
  'tls-failed': BRIEFLY,
  'eap-server-unproven': BRIEFLY,
  'eap-premature-success': BRIEFLY,
  'eap-method-refused': BRIEFLY,
  // The system may be short of something for a moment.
  system: BRIEFLY,
  // Another try would only bring a locked account.
  'wrong-password': 1,
  'account-restricted': 1,
  'password-expired': 1,
  'password-not-changed': 1,
  'eap-refused': 1,
  // Who answers is not who should: time does not heal it, and each try tells a stranger who we are.
  'certificate-rejected': 1,
  'certificate-unusable': 1,
  'tls-certificate-rejected': 1,
  'identity-mismatch': 1,
};

/** Whether a failure that has now come for the `inARow`th time ends the tunnel. */
export const isFinal = ({ cause }: Failure, inARow: number): boolean => inARow >= ENDURED[cause];
