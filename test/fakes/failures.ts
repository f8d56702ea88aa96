/** A failure of each cause and each fault of a certificate, for tests of whoever explains them. A new one does not compile without its row. */
import type { Failure } from '#core/failure/failure.ts';
import type { ChainFault } from '#core/pki/verdict.ts';

/** What a peer or a file may put anywhere: control characters and marks that turn text around. */
export const HOSTILE = 'x\u001b[2J\u202e\n"';
const gateway = { address: '203.0.113.1', port: 500 };

/** One of each cause; the hostile text stands wherever a peer or a file could put it. */
export const FAILURES: { readonly [C in Failure['cause']]: Extract<Failure, { cause: C }> } = {
  'no-answer': {
    cause: 'no-answer',
    exchange: 'IKE_SA_INIT',
    tried: [gateway, { ...gateway, port: 4500 }],
    attempts: 5,
  },
  'peer-dead': { cause: 'peer-dead', lastSeenSecAgo: 95 },
  'name-not-resolved': { cause: 'name-not-resolved', host: HOSTILE, detail: HOSTILE },
  'network-unreachable': { cause: 'network-unreachable', address: HOSTILE, detail: HOSTILE },
  'no-proposal': {
    cause: 'no-proposal',
    protocol: 'IKE',
    saidBy: 'peer',
    wanted: ['aes256-sha256-modp2048'],
    offered: [HOSTILE],
  },
  'invalid-ke': { cause: 'invalid-ke', wanted: ['ecp256'], asked: HOSTILE },
  'authentication-refused': {
    cause: 'authentication-refused',
    method: 'psk',
    localId: HOSTILE,
    remoteId: HOSTILE,
  },
  'peer-authentication-failed': { cause: 'peer-authentication-failed', method: 'psk', remoteId: HOSTILE },
  'certificate-rejected': {
    cause: 'certificate-rejected',
    remoteId: HOSTILE,
    fault: { fault: 'wrong-name', subject: HOSTILE, wants: 'profile', expected: [HOSTILE], names: [HOSTILE] },
  },
  'certificate-unusable': { cause: 'certificate-unusable', detail: HOSTILE },
  'tls-certificate-rejected': {
    cause: 'tls-certificate-rejected',
    method: 'PEAP',
    reason: 'wrong-name',
    subject: HOSTILE,
    detail: HOSTILE,
    expected: HOSTILE,
    names: [HOSTILE],
  },
  'tls-failed': { cause: 'tls-failed', method: 'TLS', detail: HOSTILE, saidBy: 'peer' },
  'wrong-password': { cause: 'wrong-password', method: 'MSCHAPv2', user: HOSTILE, message: HOSTILE },
  'account-restricted': { cause: 'account-restricted', restriction: 'disabled', user: 'alice' },
  'password-expired': { cause: 'password-expired', user: 'alice', message: HOSTILE },
  'password-not-changed': { cause: 'password-not-changed', user: 'alice', message: HOSTILE },
  'eap-method-refused': { cause: 'eap-method-refused', offered: [HOSTILE], wanted: [] },
  'eap-refused': { cause: 'eap-refused', method: 'GTC', message: HOSTILE },
  'eap-server-unproven': { cause: 'eap-server-unproven', method: 'MSCHAPv2', detail: HOSTILE },
  'eap-premature-success': { cause: 'eap-premature-success', method: 'MD5' },
  'second-authentication-unsupported': { cause: 'second-authentication-unsupported' },
  'ppk-unsupported': { cause: 'ppk-unsupported' },
  'ppk-declined': { cause: 'ppk-declined' },
  'roaming-unsupported': { cause: 'roaming-unsupported' },
  'identity-mismatch': { cause: 'identity-mismatch', expected: 'moon.example', presented: HOSTILE },
  'ts-unacceptable': { cause: 'ts-unacceptable', saidBy: 'peer', local: [HOSTILE], remote: [HOSTILE] },
  'no-address': { cause: 'no-address', asked: ['IPv4'] },
  'closed-by-peer': { cause: 'closed-by-peer', detail: HOSTILE },
  'protocol-error': { cause: 'protocol-error', detail: HOSTILE, sentBy: 'peer' },
  'peer-error': { cause: 'peer-error', notify: HOSTILE, code: 24, exchange: 'IKE_AUTH' },
  'secret-missing': { cause: 'secret-missing', what: 'psk' },
  system: { cause: 'system', what: HOSTILE, detail: HOSTILE, remedy: HOSTILE },
  timeout: { cause: 'timeout', seconds: 1 },
  'redirect-refused': { cause: 'redirect-refused', from: 'gw.example', to: HOSTILE },
  'redirect-loop': { cause: 'redirect-loop', seen: ['gw.example', HOSTILE] },
  expired: { cause: 'expired', lifetimeSec: 14400 },
};

/** One of each fault of a certificate. */
export const FAULTS: { readonly [F in ChainFault['fault']]: Extract<ChainFault, { fault: F }> } = {
  'no-certificate': { fault: 'no-certificate' },
  'too-many-certificates': { fault: 'too-many-certificates', count: 99, limit: 16 },
  malformed: { fault: 'malformed', subject: HOSTILE, detail: HOSTILE },
  'not-trusted': { fault: 'not-trusted', subject: HOSTILE, missingIssuer: HOSTILE, selfSigned: false },
  'not-pinned': { fault: 'not-pinned', subject: HOSTILE, expected: HOSTILE },
  'wrong-name': {
    fault: 'wrong-name',
    subject: HOSTILE,
    wants: 'IDr',
    expected: ['gw.example', HOSTILE],
    names: [],
  },
  expired: { fault: 'expired', subject: HOSTILE, notAfter: 951_782_400_000, now: 4_102_444_799_000 },
  'not-yet-valid': {
    fault: 'not-yet-valid',
    subject: HOSTILE,
    notBefore: 2_208_988_800_000,
    now: -86_400_000,
  },
  revoked: { fault: 'revoked', subject: HOSTILE, at: 0, reason: HOSTILE, by: 'crl' },
  'revocation-unknown': { fault: 'revocation-unknown', subject: HOSTILE, detail: HOSTILE },
  'wrong-usage': {
    fault: 'wrong-usage',
    subject: HOSTILE,
    extension: 'extendedKeyUsage',
    wanted: ['serverAuth'],
    present: [HOSTILE],
  },
  'path-too-long': { fault: 'path-too-long', subject: HOSTILE, limit: 0, length: 1 },
  'not-a-ca': { fault: 'not-a-ca', subject: HOSTILE, detail: HOSTILE },
  'name-not-permitted': { fault: 'name-not-permitted', subject: HOSTILE, ca: HOSTILE, name: HOSTILE },
  'unknown-critical-extension': { fault: 'unknown-critical-extension', subject: HOSTILE, oid: HOSTILE },
  'bad-signature': { fault: 'bad-signature', subject: HOSTILE, issuer: HOSTILE },
  'weak-key': { fault: 'weak-key', subject: HOSTILE, detail: HOSTILE },
  'weak-hash': { fault: 'weak-hash', subject: HOSTILE, hash: 'md5' },
  'unsupported-algorithm': { fault: 'unsupported-algorithm', subject: HOSTILE, algorithm: HOSTILE },
};
