/** MOBIKE under attack (RFC 4555 §5): wrong cookies, replays, forgeries, genuine messages from elsewhere. */
import { describe, expect, it } from 'vitest';
import { toHex } from '#core/bytes/bytes.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { INITIATOR_ADDRESS, Ikev2Pair, RESPONDER_ADDRESS } from '#test/harness/ikev2-pair.ts';
import {
  bothStandAt,
  CAFE,
  GATEWAY2,
  mobile,
  OUTSIDE,
  pathOf,
  roam,
  standsAt,
  AT_CAFE,
  AT_HOME,
  has,
  SHORT,
} from '#test/harness/ikev2-roam.ts';

const { INFORMATIONAL } = ExchangeType;
const { UPDATE_SA_ADDRESSES, COOKIE2 } = NotifyType;

describe('COOKIE2 (§3.7)', () => {
  const spoil = (pair: Ikev2Pair, payloads: readonly Payload[]): readonly Payload[] | undefined =>
    payloads.some(has(COOKIE2))
      ? payloads.map((payload) =>
          has(COOKIE2)(payload) ? notifyPayload(COOKIE2, pair.random.bytes(16)) : payload,
        )
      : undefined;

  it('wrong in the client’s answer: the gateway ends the IKE SA', () => {
    const pair = mobile();
    new Forge(pair).rewrite(({ header, payloads }, direction) =>
      header.response && direction === 'I -> R' ? spoil(pair, payloads) : undefined,
    );
    roam(pair, CAFE).run(300);
    expect(pair.events.responder.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(standsAt(pair, 'responder')).toBe(AT_HOME[1]);
  });

  it('missing in the gateway’s answer: the client ends the IKE SA', () => {
    const pair = mobile();
    new Forge(pair).rewrite(({ header, payloads }, direction) =>
      header.response && direction === 'R -> I'
        ? payloads.filter((payload) => !has(COOKIE2)(payload))
        : undefined,
    );
    roam(pair, INITIATOR_ADDRESS, GATEWAY2).run(300);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error' });
  });

  it('in a request comes back as it was, with or without MOBIKE', () => {
    for (const mobike of [true, false]) {
      const pair = mobile({ initiator: { mobike } });
      const forge = new Forge(pair);
      const data = pair.random.bytes(64);
      const place = { exchange: INFORMATIONAL, response: false, messageId: 0 };
      forge.send('R -> I', place, [notifyPayload(COOKIE2, data)]);
      expect(pair.drawing.messages.at(-1)?.message.payloads).toMatchObject([
        { kind: 'N', type: COOKIE2, data },
      ]);
    }
  });

  it('is another one for each address that is checked', () => {
    const pair = mobile();
    roam(pair, CAFE).run(100);
    roam(pair, INITIATOR_ADDRESS).run(100);
    const cookies = pair.drawing.messages
      .filter(({ direction }) => direction === 'R -> I')
      .flatMap(({ message }) => message.payloads.filter(has(COOKIE2)))
      .map((payload) => (payload.kind === 'N' ? toHex(payload.data) : ''));
    expect(new Set(cookies).size).toBe(2);
  });
});

describe('an attacker at another address', () => {
  const ATTACKER = { address: '203.0.113.66', port: 4500 };
  const from = (pair: Ikev2Pair, bytes: Uint8Array) =>
    pair.do((now) =>
      pair.responder.handleDatagram(now, bytes, {
        local: { address: RESPONDER_ADDRESS, port: 4500 },
        remote: ATTACKER,
      }),
    );

  it('replays an update: nobody moves', () => {
    const pair = mobile();
    roam(pair, CAFE).run(200);
    const update = pair.drawing.messages.find(({ message }) =>
      message.payloads.some(has(UPDATE_SA_ADDRESSES)),
    );
    from(pair, update?.bytes ?? new Uint8Array()).run(100);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(pair.responder.life.sa.path).toEqual(pathOf(RESPONDER_ADDRESS, CAFE));
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    from(pair, update?.bytes ?? new Uint8Array()).run(100);
    expect(pair.responder.life.sa.path).toEqual(pathOf(RESPONDER_ADDRESS, CAFE));
    expect(pair.responder.counters).toMatchObject({ retransmitsReceived: 1, outOfWindow: 1 });
  });

  it('forges an update: nobody moves', () => {
    const pair = mobile();
    const forge = new Forge(pair);
    const place = { exchange: INFORMATIONAL, response: false, messageId: 2 };
    const bytes = forge.make('I -> R', place, [notifyPayload(UPDATE_SA_ADDRESSES)]);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    from(pair, bytes).run(100);
    expect(pair.responder.life.sa.path).toEqual(pathOf(RESPONDER_ADDRESS, INITIATOR_ADDRESS));
    expect(pair.responder.counters.unauthenticated).toBe(1);
  });

  it('is first with a genuine message that is no update: nobody moves, NAT or not', () => {
    const pair = mobile({ nat: { inside: INITIATOR_ADDRESS, outside: OUTSIDE } });
    const forge = new Forge(pair);
    from(pair, forge.make('I -> R', { exchange: INFORMATIONAL, response: false, messageId: 2 }, [])).run(100);
    expect(pair.responder.life.sa.path?.remote.address).toBe(OUTSIDE);
    expect(pair.events.responder.of('path')).toHaveLength(1);
  });

  it('is first with a genuine update: Child SAs do not follow, and the gateway comes back', () => {
    const pair = mobile({ responder: { retransmit: SHORT } });
    pair.link.tamper = (flying) => (flying.destination.address === ATTACKER.address ? [] : [flying]);
    const place = { exchange: INFORMATIONAL, response: false, messageId: 2 };
    from(pair, new Forge(pair).make('I -> R', place, [notifyPayload(UPDATE_SA_ADDRESSES)]));
    expect(pair.responder.life.sa.path?.remote).toEqual(ATTACKER);
    pair.run(10_000);
    expect(pair.responder.state).toBe('established');
    expect(pair.responder.life.sa.path).toEqual(pathOf(RESPONDER_ADDRESS, INITIATOR_ADDRESS));
    expect(pair.events.responder.of('path')).toHaveLength(1);
  });
});
