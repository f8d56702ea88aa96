import { describe, expect, it } from 'vitest';
import { explain } from '#core/failure/explain.ts';
import { type Failure, failureSchema } from '#core/failure/failure.ts';

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
  'identity-mismatch': { cause: 'identity-mismatch', expected: 'moon.example', presented: HOSTILE },
  'ts-unacceptable': { cause: 'ts-unacceptable', saidBy: 'peer', local: [HOSTILE], remote: [HOSTILE] },
  'no-address': { cause: 'no-address', asked: ['IPv4'] },
  'closed-by-peer': { cause: 'closed-by-peer', detail: HOSTILE },
  'protocol-error': { cause: 'protocol-error', detail: HOSTILE, sentBy: 'peer' },
  'peer-error': { cause: 'peer-error', notify: HOSTILE, code: 24, exchange: 'IKE_AUTH' },
  'secret-missing': { cause: 'secret-missing', what: 'psk' },
  system: { cause: 'system', what: HOSTILE, detail: HOSTILE, remedy: HOSTILE },
  timeout: { cause: 'timeout', seconds: 1 },
  expired: { cause: 'expired', lifetimeSec: 14400 },
};

describe('explain', () => {
  it.each(Object.values(samples))('has words for $cause', (failure) => {
    expect(failureSchema.parse(failure)).toEqual(failure);
    const { sentence, cause, remedy, details } = explain(failure);
    for (const text of [sentence, cause, remedy]) expect(text.length).toBeGreaterThan(0);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    for (const line of [sentence, cause, remedy, ...details]) {
      // oxlint-disable-next-line no-control-regex -- controls are what must not be there
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(line).not.toMatch(/undefined|null|NaN|\[object/);
    }
  });

  it('covers every case of the schema', () => {
    const cases = failureSchema.options.map((option) => option.shape.cause.value);
    expect(Object.keys(samples).sort()).toEqual([...cases].sort());
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
