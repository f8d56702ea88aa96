/** When the next try begins, and which failures end a tunnel that was connected: every row of the table. */
import { describe, expect, it } from 'vitest';
import { failureSchema, type Failure } from '#core/failure/failure.ts';
import { isFinal } from '#helper/tunnel/endurance.ts';
import { deadAfterSec } from '#helper/tunnel/retransmission.ts';
import { Retries } from '#helper/tunnel/retries.ts';

/** The random number of every draw, from 0 to almost 1. */
const drawing = (share: number) => (length: number) => {
  const octets = new Uint8Array(length);
  new DataView(octets.buffer).setUint32(0, Math.floor(share * 0xffff_ffff));
  return octets;
};
const FOREVER = { enabled: true, attempts: 0 };
const DEAD = { cause: 'peer-dead', lastSeenSecAgo: 57 } as const;
const SILENT: Failure = { cause: 'no-answer', exchange: 'IKE_SA_INIT', tried: [], attempts: 7 };

describe('the waits', () => {
  const waits = (share: number): (number | undefined)[] => {
    const retries = new Retries(FOREVER, drawing(share));
    retries.connected(0);
    return [retries.lost(100_000, DEAD), ...Array.from({ length: 8 }, () => retries.failed(SILENT))];
  };

  it('none, then 1 s doubling to 60 s', () => {
    expect(waits(0.5)).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('a fifth less or more', () => {
    expect(waits(0).slice(1, 4)).toEqual([800, 1600, 3200]);
    expect(waits(1).slice(1, 4)).toEqual([1200, 2400, 4800]);
  });

  it('begin anew after a connection that held for a minute, and only then', () => {
    const retries = new Retries(FOREVER, drawing(0.5));
    retries.connected(0);
    expect(retries.lost(1000, DEAD)).toBe(0);
    retries.connected(1000);
    expect(retries.lost(2000, DEAD)).toBe(1000);
    retries.connected(4000);
    expect(retries.lost(64_000, DEAD)).toBe(0);
  });

  it('of an outage are no reason to wait as long after the next', () => {
    const retries = new Retries(FOREVER, drawing(0.5));
    retries.connected(0);
    expect(retries.lost(100_000, DEAD)).toBe(0);
    for (let tries = 0; tries < 6; tries++) retries.failed(SILENT);
    retries.connected(200_000);
    expect(retries.lost(220_000, DEAD)).toBe(1000);
    expect(retries.failed(SILENT)).toBe(2000);
    for (const wait of [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      retries.connected(220_000);
      expect(retries.lost(221_000, DEAD)).toBe(wait);
    }
  });

  it('begin anew when the network changes', () => {
    const retries = new Retries(FOREVER, drawing(0.5));
    for (let tries = 0; tries < 10; tries++) retries.failed(SILENT);
    retries.freshStart();
    expect(retries.failed(SILENT)).toBe(1000);
  });

  it('there are none where the profile wants none, or after its last try', () => {
    expect(new Retries({ enabled: false, attempts: 0 }, drawing(0.5)).lost(0, DEAD)).toBeUndefined();
    const retries = new Retries({ enabled: true, attempts: 2 }, drawing(0.5));
    retries.attempt = 1;
    expect(retries.failed(SILENT)).toBeDefined();
    retries.attempt = 2;
    expect(retries.failed(SILENT)).toBeUndefined();
  });

  it('another cause in between starts the count of a refusal again', () => {
    const refusal: Failure = { cause: 'authentication-refused', method: 'psk', localId: 'a' };
    const retries = new Retries(FOREVER, drawing(0.5));
    for (let tries = 0; tries < 3; tries++) expect(retries.failed(refusal)).toBeDefined();
    expect(retries.failed(SILENT)).toBeDefined();
    for (let tries = 0; tries < 3; tries++) expect(retries.failed(refusal)).toBeDefined();
    expect(retries.failed(refusal)).toBeUndefined();
  });
});

describe('a failure of a tunnel that was connected', () => {
  const causes = failureSchema.options.map((option) => option.shape.cause.value);
  const lasts = (cause: Failure['cause']): number => {
    // Only the cause decides.
    const failure = { cause } as Failure;
    for (let inARow = 1; inARow <= 1000; inARow++) if (isFinal(failure, inARow)) return inARow;
    return Number.POSITIVE_INFINITY;
  };
  const where = (count: number): string[] => causes.filter((cause) => lasts(cause) === count).sort();

  it('of the way or of a gateway that is gone never ends it', () => {
    expect(where(Number.POSITIVE_INFINITY)).toEqual([
      'closed-by-peer',
      'expired',
      'name-not-resolved',
      'network-unreachable',
      'no-address',
      'no-answer',
      'peer-dead',
      'peer-error',
      'roaming-unsupported',
      'secret-missing',
      'timeout',
    ]);
  });

  it('that time does not heal, or that locks accounts, ends it at once', () => {
    expect(where(1)).toEqual([
      'account-restricted',
      'certificate-rejected',
      'certificate-unusable',
      'eap-refused',
      'identity-mismatch',
      'password-expired',
      'password-not-changed',
      'tls-certificate-rejected',
      'wrong-password',
    ]);
  });

  it('that a gateway gives while it starts is endured for a while', () => {
    expect(where(8)).toContain('no-proposal');
    expect(where(4)).toContain('authentication-refused');
    expect(causes.length).toBe(
      [1, 4, 8, Number.POSITIVE_INFINITY].reduce((sum, count) => sum + where(count).length, 0),
    );
  });
});

describe('one that was believed dead and speaks', () => {
  it('is no reason to wait: the next time it is silent a try begins at once', () => {
    const retries = new Retries(FOREVER, drawing(0.5));
    retries.connected(0);
    expect(retries.lost(1000, DEAD)).toBe(0);
    retries.spoke();
    expect(retries).toMatchObject({ attempt: 0, why: undefined });
    expect(retries.lost(2000, DEAD)).toBe(0);
  });
});

describe('the detection time', () => {
  it('is the silence before the question and four waits for an answer, at their longest', () => {
    // 0.4 + 0.64 + 1.024 + 1.6384 s, and a tenth of it.
    expect(deadAfterSec(30)).toBe(30 + 5);
    expect(deadAfterSec(0)).toBeUndefined();
  });
});
