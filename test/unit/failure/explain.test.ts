/** Every failure has a sentence, a cause and a remedy in every language, and its data shows through. */
import { describe, expect, it } from 'vitest';
import { explain } from '#core/failure/explain.ts';
import { type Failure, failureSchema } from '#core/failure/failure.ts';
import { type ChainFault, chainFaultSchema } from '#core/pki/verdict.ts';
import { LANGUAGES } from '#core/text/languages.ts';
import { FAILURES, FAULTS, HOSTILE } from '#test/fakes/failures.ts';

const gateway = { address: '203.0.113.1', port: 500 };

const rejected = (fault: ChainFault): Failure => ({
  cause: 'certificate-rejected',
  remoteId: 'gw.example',
  fault,
});

const refused = FAILURES['authentication-refused'];
const unmatched = FAILURES['no-proposal'];
/** Cases whose words depend on more than their name. */
const variants: Readonly<Record<string, Failure>> = {
  'a certificate': { ...refused, method: 'certificate' },
  'a certificate of another CA': { ...refused, method: 'certificate', issuer: HOSTILE },
  'a certificate that has expired': { ...refused, method: 'certificate', issuer: HOSTILE, expiredAt: 0 },
  'a login': { ...refused, method: 'eap' },
  'a login that was right': { ...refused, method: 'eap', afterLogin: true },
  'a post-quantum key': { ...refused, ppk: true },
  'a certificate and a login': { ...refused, method: 'certificate-eap' },
  'something new': { ...refused, method: HOSTILE },
  'closed ports': { ...FAILURES['no-answer'], tried: [gateway], closed: [gateway] },
};
const remedies: readonly Failure[] = [
  { ...unmatched, offered: [], narrowed: true },
  { ...unmatched, missing: [HOSTILE] },
];

describe('explain', () => {
  const all = [
    ...Object.values(FAILURES),
    ...Object.values(FAULTS).map(rejected),
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
    expect(Object.keys(FAILURES).sort()).toEqual([...cases].sort());
  });

  it('says of each fault of a certificate something of its own', () => {
    const cases = chainFaultSchema.options.map((option) => option.shape.fault.value);
    expect(Object.keys(FAULTS).sort()).toEqual([...cases].sort());
    for (const language of LANGUAGES) {
      const sentences = Object.values(FAULTS).map((fault) => explain(rejected(fault), language).sentence);
      expect(new Set(sentences).size).toBe(sentences.length);
    }
  });

  it('says of each refusal something of its own, and what is likeliest first', () => {
    for (const language of LANGUAGES) {
      const told = [refused, FAILURES['no-answer'], ...Object.values(variants)].map(
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
    const half: Failure = { ...FAILURES['no-answer'], closed: [gateway] };
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
    expect(explain(rejected(FAULTS.expired)).sentence).toContain('expired on 2000-02-29');
    expect(explain(rejected(FAULTS.expired)).details).toContain('this computer’s date is 2099-12-31');
    expect(explain(rejected(FAULTS['not-yet-valid'])).sentence).toContain('before 2040-01-01');
    expect(explain(rejected(FAULTS['not-yet-valid'])).details[0]).toContain('1969-12-31');
    expect(explain(rejected(FAULTS.revoked)).details[0]).toContain('since 1970-01-01');
  });

  it('names the address once and every port', () => {
    const { sentence, details } = explain(FAILURES['no-answer']);
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
