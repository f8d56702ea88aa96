/** Paths of MOBIKE (RFC 4555) that do not work, that a NAT changes, or that an end refuses. */
import { describe, expect, it } from 'vitest';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { INITIATOR_ADDRESS, ip, Ikev2Pair, RESPONDER_ADDRESS } from '#test/harness/ikev2-pair.ts';
import { disagreements, rekeyChild } from '#test/harness/ikev2-rekey.ts';
import {
  bothStandAt,
  CAFE,
  GATEWAY2,
  GATEWAY6,
  HOME6,
  mobile,
  OUTSIDE,
  pathOf,
  roam,
  standsAt,
  AT_CAFE,
  AT_HOME,
  block,
  SHORT,
  unblock,
} from '#test/harness/ikev2-roam.ts';

const { INFORMATIONAL } = ExchangeType;
const { UPDATE_SA_ADDRESSES, COOKIE2, NO_NATS_ALLOWED } = NotifyType;

describe('NATs on the way (§3.8)', () => {
  const nat = { inside: CAFE, outside: OUTSIDE } as const;

  it('one appears: both ends know, ESP goes into UDP, keepalives begin', () => {
    const pair = mobile({ initiator: { natKeepaliveSec: 20 } });
    pair.link.nat = nat;
    roam(pair, CAFE).run(100);
    expect(bothStandAt(pair)).toEqual([
      `${CAFE}:4500 -> ${RESPONDER_ADDRESS}:4500 (local NAT)`,
      `${RESPONDER_ADDRESS}:4500 -> ${OUTSIDE}:24500 (remote NAT)`,
    ]);
    pair.run(41_000);
    const keepalives = pair.world.sent.filter(({ datagram }) => datagram.keepalive === true);
    expect(keepalives.map(({ datagram }) => datagram.path)).toEqual([pathOf(CAFE), pathOf(CAFE)]);
    rekeyChild(pair, 'initiator').run(100);
    expect(pair.events.initiator.of('child-installed').at(-1)?.child.encapsulation).toBe('udp');
    expect(pair.events.responder.of('child-installed').at(-1)?.child.encapsulation).toBe('udp');
  });

  it('one disappears', () => {
    const pair = mobile({ nat: { inside: INITIATOR_ADDRESS, outside: OUTSIDE } });
    expect(standsAt(pair, 'responder')).toBe(`${RESPONDER_ADDRESS}:4500 -> ${OUTSIDE}:24500 (remote NAT)`);
    roam(pair, CAFE).run(100);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    const before = pair.world.sent.length;
    pair.run(100_000);
    expect(pair.world.sent).toHaveLength(before);
  });

  it('one changes its mapping: a question for life tells us, and we tell the gateway', () => {
    const pair = mobile({ nat: { inside: INITIATOR_ADDRESS, outside: OUTSIDE } });
    pair.do((now) => pair.initiator.checkLiveness(now)).run(200);
    pair.drawing.clear();
    pair.do((now) => pair.initiator.checkLiveness(now)).run(200);
    // What has not changed is not told again.
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}', 'R -> I: HDR, SK {}']);
    pair.link.rebindNat();
    pair.do((now) => pair.initiator.checkLiveness(now)).run(200);
    expect(standsAt(pair, 'responder')).toBe(`${RESPONDER_ADDRESS}:4500 -> ${OUTSIDE}:25500 (remote NAT)`);
    expect(pair.events.initiator.of('path')).toHaveLength(1);
    // Once for the first question, with which nothing could be compared, and once for the mapping.
    expect(pair.events.initiator.of('addresses-updated')).toHaveLength(2);
  });

  it('one changes its mapping and the driver says so', () => {
    const pair = mobile({ nat: { inside: INITIATOR_ADDRESS, outside: OUTSIDE } });
    pair.link.rebindNat();
    roam(pair, INITIATOR_ADDRESS).run(200);
    expect(standsAt(pair, 'responder')).toBe(`${RESPONDER_ADDRESS}:4500 -> ${OUTSIDE}:25500 (remote NAT)`);
  });

  it('NO_NATS_ALLOWED that does not fit: UNEXPECTED_NAT_DETECTED, and COOKIE2 all the same (§3.9)', () => {
    const pair = mobile();
    const forge = new Forge(pair);
    const cookie = new Uint8Array(8).fill(7);
    const data = new Uint8Array([...ip(INITIATOR_ADDRESS), ...ip(RESPONDER_ADDRESS), 0x11, 0x94, 0x11, 0x94]);
    const update = (messageId: number, noNats: Uint8Array) =>
      forge.send('I -> R', { exchange: INFORMATIONAL, response: false, messageId }, [
        notifyPayload(UPDATE_SA_ADDRESSES),
        notifyPayload(NO_NATS_ALLOWED, noNats),
        notifyPayload(COOKIE2, cookie),
      ]);
    update(2, data);
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {N(COOKIE2)}');
    data[11] = 0x95;
    update(3, data);
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {N(UNEXPECTED_NAT_DETECTED), N(COOKIE2)}');
    expect(bothStandAt(pair)).toEqual(AT_HOME);
  });
});

describe('a path that does not work', () => {
  it('is told, the IKE SA stays, and another path goes on with it', () => {
    const pair = mobile({ initiator: { retransmit: SHORT } });
    block(pair, CAFE);
    roam(pair, CAFE).run(10_000);
    expect(pair.events.initiator.of('roam-failed').map(({ failure }) => failure)).toEqual([
      {
        cause: 'no-answer',
        exchange: 'INFORMATIONAL',
        tried: [{ address: RESPONDER_ADDRESS, port: 4500 }],
        attempts: 4,
      },
    ]);
    expect(pair.initiator.state).toBe('established');
    roam(pair, HOME6, GATEWAY6).run(300);
    expect(bothStandAt(pair)).toEqual([
      `${HOME6}:4500 -> ${GATEWAY6}:4500`,
      `${GATEWAY6}:4500 -> ${HOME6}:4500`,
    ]);
    expect(disagreements(pair)).toEqual([]);
  });

  it('works later: the same path again', () => {
    const pair = mobile({ initiator: { retransmit: SHORT } });
    block(pair, CAFE);
    roam(pair, CAFE).run(10_000);
    // All attempts begin anew.
    roam(pair, CAFE).run(150);
    unblock(pair);
    pair.run(500);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
  });

  it('works later: a question for life takes up what was given up', () => {
    const pair = mobile({ initiator: { retransmit: SHORT } });
    block(pair, CAFE);
    roam(pair, CAFE).run(10_000);
    unblock(pair);
    expect(pair.initiator.pollTimeout()).toBeUndefined();
    pair.do((now) => pair.initiator.checkLiveness(now)).run(500);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
  });

  it('is not waited for when the user disconnects', () => {
    const pair = mobile({ initiator: { retransmit: SHORT } });
    block(pair, CAFE);
    roam(pair, CAFE).run(10_000);
    pair.do((now) => pair.initiator.delete(now)).run(6_000);
    expect(pair.initiator.state).toBe('closed');
    expect(pair.events.initiator.failure).toBeUndefined();
  });

  it('a new path after which the gateway falls silent later is a dead peer again', () => {
    const pair = mobile({ initiator: { retransmit: SHORT } });
    roam(pair, CAFE).run(300);
    block(pair, CAFE);
    pair.do((now) => pair.initiator.checkLiveness(now)).run(10_000);
    expect(pair.events.initiator.failure?.cause).toBe('peer-dead');
  });
});

describe('refusals', () => {
  it('UNACCEPTABLE_ADDRESSES: both stay where they were', () => {
    const pair = mobile({ responder: { acceptsPath: ({ remote }) => remote.address !== CAFE } });
    roam(pair, CAFE).run(300);
    expect(pair.events.initiator.of('roam-failed').map(({ failure }) => failure)).toEqual([
      { cause: 'peer-error', notify: 'UNACCEPTABLE_ADDRESSES', code: 40, exchange: 'INFORMATIONAL' },
    ]);
    expect(bothStandAt(pair)).toEqual(AT_HOME);
    expect(pair.events.initiator.of('addresses-updated')).toEqual([]);
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(disagreements(pair)).toEqual([]);
  });

  it('a gateway without MOBIKE: told at once, nothing is sent', () => {
    const pair = mobile({ responder: { mobike: false } });
    roam(pair, CAFE).run(300);
    expect(pair.events.initiator.of('roam-failed').map(({ failure }) => failure.cause)).toEqual([
      'roaming-unsupported',
    ]);
    expect(pair.drawing.lines).toEqual([]);
    expect(bothStandAt(pair)).toEqual(AT_HOME);
  });

  it('a gateway without MOBIKE follows a new mapping by any message of ours (RFC 7296 §2.23)', () => {
    const pair = mobile({
      responder: { mobike: false },
      nat: { inside: INITIATOR_ADDRESS, outside: OUTSIDE },
    });
    pair.link.rebindNat();
    roam(pair, INITIATOR_ADDRESS).run(200);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}', 'R -> I: HDR, SK {}']);
    expect(standsAt(pair, 'responder')).toBe(`${RESPONDER_ADDRESS}:4500 -> ${OUTSIDE}:25500 (remote NAT)`);
    expect(pair.events.initiator.of('roam-failed')).toEqual([]);
  });

  it('the gateway does not decide on paths', () => {
    const pair = mobile();
    pair.do((now) => pair.responder.roam(now, pathOf(GATEWAY2, INITIATOR_ADDRESS))).run(100);
    expect(pair.events.responder.of('roam-failed')).toHaveLength(1);
    expect(pair.drawing.lines).toEqual([]);
  });

  it('nothing roams before the handshake is over, or after the end', () => {
    const pair = new Ikev2Pair().initiate();
    pair.do((now) => pair.initiator.roam(now, pathOf(CAFE)));
    expect(pair.world.sent).toHaveLength(1);
    pair
      .run(1_000)
      .do((now) => pair.initiator.delete(now))
      .run(100);
    const sent = pair.world.sent.length;
    pair.do((now) => pair.initiator.roam(now, pathOf(CAFE)));
    expect(pair.world.sent).toHaveLength(sent);
  });
});
