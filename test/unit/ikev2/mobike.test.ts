/** MOBIKE (RFC 4555): agreement, additional addresses, and the scenarios of its §2.2 where nothing stands in the way. */
import { describe, expect, it } from 'vitest';
import { toHex } from '#core/bytes/bytes.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { INITIATOR_ADDRESS, ip, RESPONDER_ADDRESS } from '#test/harness/ikev2-pair.ts';
import { disagreements, rekeyIke } from '#test/harness/ikev2-rekey.ts';
import {
  bothStandAt,
  CAFE,
  GATEWAY2,
  GATEWAY6,
  HOME6,
  mobile,
  pathOf,
  roam,
  standsAt,
  AT_CAFE,
  AT_HOME,
  block,
} from '#test/harness/ikev2-roam.ts';

const { INFORMATIONAL } = ExchangeType;
const { ADDITIONAL_IP4_ADDRESS, ADDITIONAL_IP6_ADDRESS, NO_ADDITIONAL_ADDRESSES } = NotifyType;

describe('agreement (§3.1)', () => {
  it.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('initiator %s, responder %s', (ours, theirs) => {
    const pair = mobile({ initiator: { mobike: ours }, responder: { mobike: theirs } });
    expect([pair.initiator.mobike, pair.responder.mobike]).toEqual([ours && theirs, ours && theirs]);
  });

  it('outlives the rekeying of the IKE SA, by either end', () => {
    const pair = mobile();
    rekeyIke(pair, 'responder').run(100);
    rekeyIke(pair, 'initiator').run(100);
    roam(pair, CAFE).run(200);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(disagreements(pair)).toEqual([]);
  });
});

describe('additional addresses (§3.4, §3.6)', () => {
  const others = [ip(GATEWAY2), ip(GATEWAY6)];

  it('are told in IKE_AUTH by either end', () => {
    const pair = mobile({
      initiator: { additionalAddresses: [ip(CAFE)] },
      responder: { additionalAddresses: others },
    });
    expect(pair.events.initiator.of('peer-addresses').map(({ addresses }) => addresses)).toEqual([others]);
    expect(pair.events.responder.of('peer-addresses').map(({ addresses }) => addresses)).toEqual([
      [ip(CAFE)],
    ]);
  });

  it('replace the earlier ones in INFORMATIONAL; a wrong length is none', () => {
    const pair = mobile({ responder: { additionalAddresses: others } });
    const forge = new Forge(pair);
    const tell = (messageId: number, ...payloads: readonly Payload[]) =>
      forge.send('R -> I', { exchange: INFORMATIONAL, response: false, messageId }, payloads);
    tell(
      0,
      notifyPayload(ADDITIONAL_IP4_ADDRESS, ip(GATEWAY2)),
      notifyPayload(ADDITIONAL_IP6_ADDRESS, ip(GATEWAY2)),
    );
    tell(1, notifyPayload(NO_ADDITIONAL_ADDRESSES));
    tell(2);
    expect(pair.events.initiator.of('peer-addresses').map(({ addresses }) => addresses.map(toHex))).toEqual([
      others.map(toHex),
      [toHex(ip(GATEWAY2))],
      [],
    ]);
  });

  it('of a peer without MOBIKE mean nothing', () => {
    const pair = mobile({ initiator: { mobike: false }, responder: { additionalAddresses: others } });
    expect(pair.events.initiator.of('peer-addresses')).toEqual([]);
  });
});

describe('the client changes its address (§2.2)', () => {
  it('tells the gateway, which checks the new address before its Child SAs move', () => {
    const pair = mobile();
    roam(pair, CAFE);
    // Outbound packets move at once, inbound ones when the gateway knows.
    expect(bothStandAt(pair)).toEqual([`${CAFE}:4500 -> ${RESPONDER_ADDRESS}:4500 (pending)`, AT_HOME[1]]);
    pair.run(25);
    expect(bothStandAt(pair)).toEqual([AT_CAFE[0], AT_HOME[1]]);
    pair.run(100);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES)}',
      'R -> I: HDR, SK {}',
      'R -> I: HDR, SK {N(COOKIE2)}',
      'I -> R: HDR, SK {N(COOKIE2)}',
    ]);
    expect(pair.world.sent.slice(-4).map(({ datagram }) => datagram.path)).toEqual([
      pathOf(CAFE),
      pathOf(RESPONDER_ADDRESS, CAFE),
      pathOf(RESPONDER_ADDRESS, CAFE),
      pathOf(CAFE),
    ]);
    expect(disagreements(pair)).toEqual([]);
  });

  it('and the gateway checks nothing where it is told not to', () => {
    const pair = mobile({ responder: { returnRoutability: false } });
    roam(pair, CAFE).run(100);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(pair.drawing.lines).toHaveLength(2);
  });

  it('and goes back', () => {
    const pair = mobile();
    roam(pair, CAFE).run(100);
    roam(pair, INITIATOR_ADDRESS).run(100);
    expect(bothStandAt(pair)).toEqual(AT_HOME);
  });

  it('from IPv4 to IPv6 and back, to another address of the gateway', () => {
    const pair = mobile();
    roam(pair, HOME6, GATEWAY6).run(100);
    expect(bothStandAt(pair)).toEqual([
      `${HOME6}:4500 -> ${GATEWAY6}:4500`,
      `${GATEWAY6}:4500 -> ${HOME6}:4500`,
    ]);
    roam(pair, INITIATOR_ADDRESS).run(100);
    expect(bothStandAt(pair)).toEqual(AT_HOME);
    expect(disagreements(pair)).toEqual([]);
  });

  it('proves another address of the gateway by COOKIE2 (§3.7)', () => {
    const pair = mobile();
    roam(pair, INITIATOR_ADDRESS, GATEWAY2).run(100);
    expect(pair.drawing.lines.slice(0, 2)).toEqual([
      'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES), N(COOKIE2)}',
      'R -> I: HDR, SK {N(COOKIE2)}',
    ]);
    expect(standsAt(pair, 'initiator')).toBe(`${INITIATOR_ADDRESS}:4500 -> ${GATEWAY2}:4500`);
  });
});

describe('large messages', () => {
  it('in fragments are cut smaller for IPv6, and arrive', () => {
    const pair = mobile();
    block(pair, INITIATOR_ADDRESS);
    const many = Array.from({ length: 60 }, () => pair.initiator.life.sa.config.child.localTs).flat();
    const { child } = pair.initiator.life.sa.config;
    pair.do((now) => pair.initiator.createChild(now, { ...child, name: 'more', localTs: many })).run(50);
    const sizes = () => pair.world.sent.map(({ datagram }) => datagram.bytes.length);
    expect(Math.max(...sizes())).toBe(1280 - 20 - 8 - 4);
    const before = pair.world.sent.length;
    roam(pair, HOME6, GATEWAY6).run(1_000);
    expect(
      pair.world.sent.slice(before).every(({ datagram }) => datagram.bytes.length <= 1280 - 40 - 8),
    ).toBe(true);
    expect(standsAt(pair, 'responder')).toBe(`${GATEWAY6}:4500 -> ${HOME6}:4500`);
    expect(disagreements(pair)).toEqual([]);
  });
});
