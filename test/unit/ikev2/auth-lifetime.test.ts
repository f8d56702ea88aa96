/** AUTH_LIFETIME (RFC 4478), both roles. */
import { describe, expect, it } from 'vitest';
import { Writer } from '#core/bytes/writer.ts';
import { reauthenticateAt } from '#core/ikev2/lifetimes.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { type Ikev2Pair, initiatorConfig } from '#test/harness/ikev2-pair.ts';
import { disagreements, rekeyIke, standing } from '#test/harness/ikev2-rekey.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

const { AUTH_LIFETIME } = NotifyType;
const seconds = (value: number): Uint8Array => new Writer().u32(value).finish();

const reauthentications = (pair: Ikev2Pair): number[] =>
  pair.events.initiator.of('auth-lifetime').map((event) => event.reauthenticateAt);

function say(pair: Ikev2Pair, data: Uint8Array): void {
  const forge = new Forge(pair);
  const place = { exchange: ExchangeType.INFORMATIONAL, response: false, messageId: 0 };
  forge.send('R -> I', place, [notifyPayload(AUTH_LIFETIME, data)]);
}

describe('the client', () => {
  it('hears it in IKE_AUTH, and has time left for a login', () => {
    const pair = standing({ responder: { authLifetimeSec: 3_600 } });
    const [at = 0] = reauthentications(pair);
    expect(at).toBeLessThanOrEqual(pair.now + 3_600_000 - 300_000);
    expect(at).toBeGreaterThan(pair.now + 2_800_000);
    expect(pair.events.initiator.types).toContain('child-installed');
  });

  it('hears it in a request of the gateway, each time anew', () => {
    const pair = standing();
    say(pair, seconds(600));
    const [at = 0] = reauthentications(pair);
    expect(at).toBeGreaterThan(pair.now);
    expect(at).toBeLessThan(pair.now + 600_000);
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {}');
    expect(pair.initiator.counters.unknownNotifies).toBe(0);
  });

  it.each([
    ['too short', Uint8Array.of(0, 60)],
    ['too long', new Uint8Array(5)],
    ['empty', new Uint8Array(0)],
  ])('counts one that is %s, and tells nothing', (_name, data) => {
    const pair = standing();
    say(pair, data);
    expect(reauthentications(pair)).toEqual([]);
    expect(pair.initiator.counters.ignoredNotifies).toBe(1);
    expect(pair.initiator.state).toBe('established');
  });

  it.each([0, 1, 10, 30])('%i s is absurd: no sooner than half a minute', (lifetime) => {
    const config = initiatorConfig(seededRandom(1));
    expect(reauthenticateAt(config, 5_000, lifetime)).toBe(35_000);
  });

  it('the longest there is stays a number that timers can hold', () => {
    const at = reauthenticateAt(initiatorConfig(seededRandom(1)), 0, 0xffff_ffff);
    expect(at).toBeGreaterThan(0xffff_0000 * 1_000);
    expect(Number.isSafeInteger(at)).toBe(true);
  });

  it('clients of one gateway do not come all at once', () => {
    const random = seededRandom(7);
    const times = Array.from({ length: 20 }, () => reauthenticateAt(initiatorConfig(random), 0, 3_600));
    expect(new Set(times).size).toBe(20);
  });
});

describe('the gateway', () => {
  it('deletes the IKE SA when it passes', () => {
    const pair = standing({ responder: { authLifetimeSec: 100 } }).run(95_000);
    expect(pair.initiator.state).toBe('established');
    pair.run(6_000);
    expect(pair.events.responder.failure).toEqual({ cause: 'expired', lifetimeSec: 100 });
    expect(pair.initiator.state).toBe('closed');
  });

  it('keeps to it through rekeyings of the IKE SA, by either side (§3)', () => {
    const pair = standing({ responder: { authLifetimeSec: 100 } });
    rekeyIke(pair, 'initiator').run(30_000);
    rekeyIke(pair, 'responder').run(30_000);
    expect(disagreements(pair)).toEqual([]);
    expect(reauthentications(pair)).toHaveLength(1);
    pair.run(38_000);
    expect(pair.initiator.state).toBe('established');
    pair.run(3_000);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['closed', 'closed']);
  });

  it('is not told by a client', () => {
    const pair = standing();
    const forge = new Forge(pair);
    const place = { exchange: ExchangeType.INFORMATIONAL, response: false, messageId: 2 };
    forge.send('I -> R', place, [notifyPayload(AUTH_LIFETIME, seconds(5))]);
    expect(pair.responder.counters.ignoredNotifies).toBe(1);
    expect(pair.events.responder.of('auth-lifetime')).toEqual([]);
  });
});
