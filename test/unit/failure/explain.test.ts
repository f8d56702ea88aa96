import { describe, expect, it } from 'vitest';
import { explain } from '#core/failure/explain.ts';
import { type Failure, failureSchema } from '#core/failure/failure.ts';
import { type ChainFault, chainFaultSchema } from '#core/pki/verdict.ts';
import { LANGUAGES } from '#core/text/languages.ts';

const HOSTILE = 'x\u001b[2J\u202e\n"';
const gateway = { address: '203.0.113.1', port: 500 };

/** One of each case; the hostile text stands wherever a peer or a file could put it. */
const samples: { readonly [C in Failure['cause']]: Extract<Failure, { cause: C }> } = {
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
const faults: { readonly [F in ChainFault['fault']]: Extract<ChainFault, { fault: F }> } = {
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
const rejected = (fault: ChainFault): Failure => ({
  cause: 'certificate-rejected',
  remoteId: 'gw.example',
  fault,
});

const refused = samples['authentication-refused'];
const unmatched = samples['no-proposal'];
/** Cases whose words depend on more than their name. */
const variants: Readonly<Record<string, Failure>> = {
  'a certificate': { ...refused, method: 'certificate' },
  'a certificate of another CA': { ...refused, method: 'certificate', issuer: HOSTILE },
  'a certificate that has expired': { ...refused, method: 'certificate', issuer: HOSTILE, expiredAt: 0 },
  'a login': { ...refused, method: 'eap' },
  'a login that was right': { ...refused, method: 'eap', afterLogin: true },
  'a certificate and a login': { ...refused, method: 'certificate-eap' },
  'something new': { ...refused, method: HOSTILE },
  'closed ports': { ...samples['no-answer'], tried: [gateway], closed: [gateway] },
};
const remedies: readonly Failure[] = [
  { ...unmatched, offered: [], narrowed: true },
  { ...unmatched, missing: [HOSTILE] },
];

describe('explain', () => {
  const all = [
    ...Object.values(samples),
    ...Object.values(faults).map(rejected),
    ...Object.values(variants),
    ...remedies,
  ];

  it.each(LANGUAGES.flatMap((language) => all.map((failure) => [language, failure] as const)))(
    'has words in %s: %j',
    (language, failure) => {
      expect(failureSchema.parse(failure)).toEqual(failure);
      const { sentence, cause, remedy, details } = explain(failure, language);
      for (const text of [sentence, cause, remedy]) expect(text.length).toBeGreaterThan(0);
      expect(sentence).toMatch(/[.。]$/);
      for (const line of [sentence, cause, remedy, ...details]) {
        // oxlint-disable-next-line no-control-regex -- controls are what must not be there
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(line).not.toMatch(/undefined|null|NaN|\[object/);
      }
    },
  );

  it('speaks each language in words of its own', () => {
    for (const failure of all) {
      // What the system said comes in its own words.
      if (failure.cause === 'system') continue;
      const told = LANGUAGES.map((language) => explain(failure, language));
      for (const part of ['sentence', 'cause', 'remedy'] as const) {
        if (part === 'cause' && failure.cause === 'certificate-unusable') continue;
        expect(new Set(told.map((words) => words[part])).size).toBe(LANGUAGES.length);
      }
      expect(new Set(told.map(({ details }) => details.length)).size).toBe(1);
    }
  });

  it('covers every case of the schema', () => {
    const cases = failureSchema.options.map((option) => option.shape.cause.value);
    expect(Object.keys(samples).sort()).toEqual([...cases].sort());
  });

  it('says of each fault of a certificate something of its own', () => {
    const cases = chainFaultSchema.options.map((option) => option.shape.fault.value);
    expect(Object.keys(faults).sort()).toEqual([...cases].sort());
    for (const language of LANGUAGES) {
      const sentences = Object.values(faults).map((fault) => explain(rejected(fault), language).sentence);
      expect(new Set(sentences).size).toBe(sentences.length);
    }
  });

  it('says of each refusal something of its own, and what is likeliest first', () => {
    for (const language of LANGUAGES) {
      const told = [refused, samples['no-answer'], ...Object.values(variants)].map(
        (failure) => explain(failure, language).sentence,
      );
      expect(new Set(told).size).toBe(told.length);
    }
    const psk: Failure = { cause: 'authentication-refused', method: 'psk', localId: 'me', remoteId: 'gw' };
    expect(explain(psk).cause).toBe(
      'The key is mistyped or an old one, the gateway does not know “me”, or the gateway is not called “gw”.',
    );
    const { remoteId: _, ...anybody } = psk;
    expect(explain(anybody).cause).toBe(
      'The key is mistyped or an old one, or the gateway does not know “me”.',
    );
  });

  it('calls a gateway closed where all that was tried is', () => {
    const half: Failure = { ...samples['no-answer'], closed: [gateway] };
    expect(explain(half).sentence).toBe('The gateway at 203.0.113.1 did not answer.');
    expect(explain(variants['closed ports'] as Failure).sentence).toBe(
      'Nobody listens for a VPN at 203.0.113.1:500.',
    );
  });

  it('names the smallest change that would match; else what Adit would offer by itself', () => {
    expect(explain({ ...unmatched, missing: ['ecp384'] }).remedy).toMatch(/^Add ecp384 to ike\.proposals/);
    expect(explain({ ...unmatched, narrowed: true }).remedy).toMatch(/^Remove ike\.proposals/);
    expect(explain(unmatched).remedy).toMatch(/^Adit has offered all that it holds sound/);
  });

  it('writes dates as people do', () => {
    expect(explain(rejected(faults.expired)).sentence).toContain('expired on 2000-02-29');
    expect(explain(rejected(faults.expired)).details).toContain('this computer’s date is 2099-12-31');
    expect(explain(rejected(faults['not-yet-valid'])).sentence).toContain('before 2040-01-01');
    expect(explain(rejected(faults['not-yet-valid'])).details[0]).toContain('1969-12-31');
    expect(explain(rejected(faults.revoked)).details[0]).toContain('since 1970-01-01');
  });

  it('names the address once and every port', () => {
    const { sentence, details } = explain(samples['no-answer']);
    expect(sentence).toBe('The gateway at 203.0.113.1 did not answer.');
    expect(details).toContain('tried: 203.0.113.1:500, 203.0.113.1:4500');
  });

  it('sets what we offered against what the gateway accepts', () => {
    const failure: Failure = {
      cause: 'no-proposal',
      protocol: 'ESP',
      saidBy: 'peer',
      wanted: ['aes256gcm16'],
      offered: ['3des-sha1'],
    };
    expect(explain(failure).details).toEqual(['we offered: aes256gcm16', 'the gateway accepts: 3des-sha1']);
    expect(explain(failure).remedy).toContain('child.proposals');
    expect(explain({ ...failure, offered: [] }).details[1]).toBe(
      'the gateway does not say what it would accept',
    );
  });

  it('at least names a cause it does not know', () => {
    const failure = { cause: 'weather', detail: 'rain' } as unknown as Failure;
    expect(explain(failure).sentence).toBe('The tunnel failed: weather.');
  });
});
