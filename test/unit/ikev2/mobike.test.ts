/** MOBIKE (RFC 4555): the scenarios of its §2.2, NATs that come and go, paths that do not work, refusals, forgeries. */
import { describe, expect, it } from 'vitest';
import { EMPTY, equal, toHex } from '#core/bytes/bytes.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { INITIATOR_ADDRESS, ip, Ikev2Pair, RESPONDER_ADDRESS } from '#test/harness/ikev2-pair.ts';
import { disagreements, rekeyChild, rekeyIke } from '#test/harness/ikev2-rekey.ts';
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
} from '#test/harness/ikev2-roam.ts';
import type { Flying } from '#test/harness/virtual-link.ts';

const { INFORMATIONAL } = ExchangeType;
const { UPDATE_SA_ADDRESSES, COOKIE2, NO_NATS_ALLOWED } = NotifyType;
const { ADDITIONAL_IP4_ADDRESS, ADDITIONAL_IP6_ADDRESS, NO_ADDITIONAL_ADDRESSES } = NotifyType;

const AT_HOME = [
  `${INITIATOR_ADDRESS}:4500 -> ${RESPONDER_ADDRESS}:4500`,
  `${RESPONDER_ADDRESS}:4500 -> ${INITIATOR_ADDRESS}:4500`,
];
const AT_CAFE = [`${CAFE}:4500 -> ${RESPONDER_ADDRESS}:4500`, `${RESPONDER_ADDRESS}:4500 -> ${CAFE}:4500`];
const SHORT = { initialMs: 100, factor: 1.5, maxMs: 1_000, attempts: 4, jitter: 0 } as const;

const has = (type: number) => (payload: Payload) => payload.kind === 'N' && payload.type === type;

/** Datagrams with these source or destination addresses vanish. */
const block = (pair: Ikev2Pair, ...addresses: readonly string[]) => {
  pair.link.tamper = (flying) =>
    addresses.some((address) => [flying.source.address, flying.destination.address].includes(address))
      ? []
      : [flying];
};
const unblock = (pair: Ikev2Pair) => block(pair);
/** Some datagrams take longer. */
const delay = (pair: Ikev2Pair, ms: number, which: (flying: Flying) => boolean) => {
  pair.link.tamper = (flying) => [which(flying) ? { ...flying, at: flying.at + ms } : flying];
};

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
      forge.deliver(
        'R -> I',
        forge.make('R -> I', { exchange: INFORMATIONAL, response: false, messageId }, payloads),
      );
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

  it('a request under way is repeated over the new path, octet by octet, and answered (§3.5)', () => {
    const pair = mobile();
    block(pair, INITIATOR_ADDRESS);
    pair.do((now) => pair.initiator.checkLiveness(now)).run(50);
    const first = pair.world.sent.at(-1)?.datagram.bytes;
    roam(pair, CAFE);
    expect(pair.world.sent.at(-1)?.datagram).toEqual({ path: pathOf(CAFE), bytes: first });
    pair.run(200);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(pair.drawing.lines.slice(1)).toEqual([
      'I -> R: HDR, SK {}',
      'R -> I: HDR, SK {}',
      'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES)}',
      'R -> I: HDR, SK {}',
      'R -> I: HDR, SK {N(COOKIE2)}',
      'I -> R: HDR, SK {N(COOKIE2)}',
    ]);
  });

  it('a request of the gateway under way follows to the new address', () => {
    const pair = mobile();
    block(pair, INITIATOR_ADDRESS);
    rekeyChild(pair, 'responder').run(50);
    roam(pair, CAFE).run(300);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.responder.of('child-installed')).toHaveLength(2);
  });

  it('two roams in flight: the answer to the first means nothing, the second is told', () => {
    const pair = mobile();
    roam(pair, CAFE).run(5);
    roam(pair, HOME6, GATEWAY6).run(300);
    expect(bothStandAt(pair)).toEqual([
      `${HOME6}:4500 -> ${GATEWAY6}:4500`,
      `${GATEWAY6}:4500 -> ${HOME6}:4500`,
    ]);
    const updates = pair.drawing.messages.filter(({ message }) =>
      message.payloads.some(has(UPDATE_SA_ADDRESSES)),
    );
    // The first, repeated over the second path, and the second.
    expect(updates.map(({ message }) => message.header.messageId)).toEqual([2, 2, 3]);
    expect(pair.events.initiator.of('roam-failed')).toEqual([]);
    expect(disagreements(pair)).toEqual([]);
  });

  it('the answer to the first of two neither confirms nor takes back the second', () => {
    const pair = mobile({ responder: { acceptsPath: ({ remote }) => remote.address !== CAFE } });
    roam(pair, CAFE).run(15);
    roam(pair, HOME6, GATEWAY6).run(8);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES)}',
      'R -> I: HDR, SK {N(UNACCEPTABLE_ADDRESSES)}',
      'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES)}',
      'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES), N(COOKIE2)}',
    ]);
    expect(standsAt(pair, 'initiator')).toBe(`${HOME6}:4500 -> ${GATEWAY6}:4500 (pending)`);
    pair.run(200);
    expect(standsAt(pair, 'initiator')).toBe(`${HOME6}:4500 -> ${GATEWAY6}:4500`);
    expect(pair.events.initiator.of('roam-failed')).toEqual([]);
  });

  it('a check that was sent to two addresses proves neither: another one follows (§3.7)', () => {
    const pair = mobile();
    pair.link.tamper = (flying) => (flying.destination.address === CAFE ? [] : [flying]);
    roam(pair, CAFE).run(30);
    roam(pair, HOME6, GATEWAY6).run(55);
    // The first check has been answered from the second address.
    expect(pair.drawing.lines.filter((line) => line === 'I -> R: HDR, SK {N(COOKIE2)}')).toHaveLength(1);
    expect(standsAt(pair, 'responder')).toBe(AT_HOME[1]);
    pair.run(200);
    expect(standsAt(pair, 'responder')).toBe(`${GATEWAY6}:4500 -> ${HOME6}:4500`);
  });

  it('goes before whatever waits in the queue', () => {
    const pair = mobile();
    const { child } = pair.initiator.life.sa.config;
    for (const name of ['more', 'still more'])
      pair.do((now) => pair.initiator.createChild(now, { ...child, name }));
    roam(pair, CAFE).run(300);
    const requests = pair.drawing.messages.filter(
      ({ direction, message }) => direction === 'I -> R' && !message.header.response,
    );
    const { CREATE_CHILD_SA } = ExchangeType;
    // The one that was under way went over both paths.
    expect(requests.map(({ message }) => message.header.exchange)).toEqual([
      CREATE_CHILD_SA,
      CREATE_CHILD_SA,
      INFORMATIONAL,
      CREATE_CHILD_SA,
    ]);
    expect(disagreements(pair)).toEqual([]);
  });

  it('there and back before anybody has answered', () => {
    const pair = mobile();
    roam(pair, CAFE).run(5);
    roam(pair, INITIATOR_ADDRESS).run(300);
    expect(bothStandAt(pair)).toEqual(AT_HOME);
  });

  it.each(['initiator', 'responder'] as const)('during a rekeying of the IKE SA by the %s', (role) => {
    for (const wait of [0, 5, 12, 25]) {
      const pair = mobile();
      rekeyIke(pair, role).run(wait);
      block(pair, INITIATOR_ADDRESS);
      roam(pair, CAFE).run(2_000);
      expect([wait, ...bothStandAt(pair)]).toEqual([wait, ...AT_CAFE]);
      pair.run(100_000);
      expect(disagreements(pair)).toEqual([]);
      expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
    }
  });

  it.each(['initiator', 'responder'] as const)('during a rekeying of the Child SA by the %s', (role) => {
    for (const wait of [0, 5, 12, 25]) {
      const pair = mobile();
      rekeyChild(pair, role).run(wait);
      block(pair, INITIATOR_ADDRESS);
      roam(pair, CAFE).run(2_000);
      expect([wait, ...bothStandAt(pair)]).toEqual([wait, ...AT_CAFE]);
      pair.run(100_000);
      expect(disagreements(pair)).toEqual([]);
      expect(pair.events.initiator.of('child-installed')).toHaveLength(2);
    }
  });

  it('an IKE SA that the gateway deletes under an unanswered update hands the update on', () => {
    const pair = mobile();
    // The update goes out under the old SA and is lost; the gateway's rekeying arrives and its Delete of the old SA follows.
    rekeyIke(pair, 'responder').run(5);
    const until = pair.now + 400;
    pair.link.tamper = (flying) => (flying.source.address === CAFE && flying.at < until ? [] : [flying]);
    roam(pair, CAFE).run(100);
    expect(pair.initiator.succession.living).toHaveLength(1);
    pair.run(5_000);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(disagreements(pair)).toEqual([]);
  });

  it('under the old IKE SA, too, where the gateway may know no other: its rekeying follows (RFC 7296 §2.8)', () => {
    const pair = mobile({ responder: { returnRoutability: false } });
    rekeyIke(pair, 'responder').run(5);
    // The client has the new IKE SA; its answer, which would make it at the gateway, is lost. So is what comes to the old address.
    block(pair, INITIATOR_ADDRESS);
    pair.run(5);
    roam(pair, CAFE).run(1_000);
    expect(pair.drawing.lines.slice(0, 8)).toEqual([
      'R -> I: HDR, SK {SAi2, Ni, KEi}',
      'I -> R: HDR, SK {SAr2, Nr, KEr}',
      'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES)}',
      "I -> R: HDR', SK {N(UPDATE_SA_ADDRESSES)}",
      'R -> I: HDR, SK {}',
      'R -> I: HDR, SK {SAi2, Ni, KEi}',
      'I -> R: HDR, SK {SAr2, Nr, KEr}',
      'R -> I: HDR, SK {D}',
    ]);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(disagreements(pair)).toEqual([]);
  });

  it('under no IKE SA that lost a race against the one in use (RFC 7296 §2.8.2)', () => {
    // With this seed the IKE SA that the gateway made is the one that loses, and stands until the gateway deletes it.
    const pair = mobile({ seed: 2, responder: { returnRoutability: false } });
    rekeyIke(pair, 'initiator');
    rekeyIke(pair, 'responder').run(20);
    expect(pair.initiator.succession.living).toHaveLength(3);
    pair.drawing.clear();
    roam(pair, CAFE).run(100);
    expect(pair.drawing.lines.filter((line) => line.includes('UPDATE_SA_ADDRESSES'))).toEqual([
      "I -> R: HDR'', SK {N(UPDATE_SA_ADDRESSES)}",
    ]);
    expect(bothStandAt(pair)).toEqual(AT_CAFE);
    expect(disagreements(pair)).toEqual([]);
  });

  describe('two updates at once, in an IKE SA and in its heir', () => {
    it('the older one comes last: it is answered, and that is all (§3.5)', () => {
      const pair = mobile({ responder: { returnRoutability: false } });
      block(pair, CAFE);
      roam(pair, CAFE, GATEWAY2);
      rekeyIke(pair, 'responder').run(12);
      expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
      // What was made for the other path is repeated over this one, and takes longer than what was made for this one.
      pair.drawing.clear();
      const [late] = pair.world.sent.filter(({ datagram }) => datagram.path.local.address === CAFE);
      delay(pair, 5, ({ bytes }) => equal(bytes, late?.datagram.bytes ?? EMPTY));
      roam(pair, INITIATOR_ADDRESS).run(100);
      expect(pair.drawing.lines).toEqual([
        'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES), N(COOKIE2)}',
        "I -> R: HDR', SK {N(UPDATE_SA_ADDRESSES)}",
        'R -> I: HDR, SK {D}',
        "R -> I: HDR', SK {}",
        'R -> I: HDR, SK {N(COOKIE2)}',
        'I -> R: HDR, SK {}',
      ]);
      expect(bothStandAt(pair)).toEqual(AT_HOME);
      expect(pair.events.responder.of('path')).toHaveLength(1);
      expect(disagreements(pair)).toEqual([]);
    });

    it('the answer to the older one says nothing of the newer path (§3.5)', () => {
      const pair = mobile({ initiator: { retransmit: SHORT }, responder: { returnRoutability: false } });
      delay(pair, 12, ({ source }) => source.address === RESPONDER_ADDRESS);
      roam(pair, CAFE).run(10);
      block(pair, HOME6);
      rekeyIke(pair, 'responder').run(10);
      roam(pair, HOME6, GATEWAY6).run(13);
      expect(pair.drawing.lines).toEqual([
        'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES)}',
        'R -> I: HDR, SK {}',
        'R -> I: HDR, SK {SAi2, Ni, KEi}',
        'I -> R: HDR, SK {SAr2, Nr, KEr}',
        // From here on over a path on which nothing arrives; the answer to the first has arrived by now.
        'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES)}',
        "I -> R: HDR', SK {N(UPDATE_SA_ADDRESSES), N(COOKIE2)}",
        'R -> I: HDR, SK {D}',
        'I -> R: HDR, SK {N(UPDATE_SA_ADDRESSES)}',
      ]);
      expect(standsAt(pair, 'initiator')).toBe(`${HOME6}:4500 -> ${GATEWAY6}:4500 (pending)`);
      // So a path on which nothing answers is no dead peer.
      pair.run(10_000);
      expect(pair.events.initiator.of('roam-failed')).toHaveLength(1);
      expect(pair.initiator.state).toBe('established');
    });

    it('the answer to a check of the older one proves nothing while a newer check is under way (§3.7)', () => {
      const pair = mobile({ responder: { retransmit: SHORT } });
      const { spiI } = pair.initiator;
      // Checks of the cafe are lost, and so is the client's Delete of the older IKE SA.
      pair.link.tamper = (flying) => {
        const message = pair.drawing.messages.at(-1)?.message;
        const isCheck = message?.payloads.some(has(COOKIE2)) === true;
        if (isCheck && flying.destination.address === CAFE) return [];
        if (message?.payloads.some(({ kind }) => kind === 'D')) return [];
        const isLate = isCheck && flying.source.address === HOME6 && equal(message.header.spiI, spiI);
        return [isLate ? { ...flying, at: flying.at + 200 } : flying];
      };
      roam(pair, CAFE).run(25);
      rekeyIke(pair, 'initiator').run(25);
      // The first check, repeated to here, is answered from here.
      roam(pair, HOME6, GATEWAY6).run(150);
      roam(pair, CAFE).run(250);
      expect(pair.responder.life.sa.path).toEqual(pathOf(RESPONDER_ADDRESS, CAFE));
      expect(standsAt(pair, 'responder')).toBe(`${GATEWAY6}:4500 -> ${HOME6}:4500`);
      unblock(pair);
      pair.run(60_000);
      expect(bothStandAt(pair)).toEqual(AT_CAFE);
      expect(disagreements(pair)).toEqual([]);
    });
  });
});

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
      forge.deliver(
        'I -> R',
        forge.make('I -> R', { exchange: INFORMATIONAL, response: false, messageId }, [
          notifyPayload(UPDATE_SA_ADDRESSES),
          notifyPayload(NO_NATS_ALLOWED, noNats),
          notifyPayload(COOKIE2, cookie),
        ]),
      );
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
      forge.deliver('R -> I', forge.make('R -> I', place, [notifyPayload(COOKIE2, data)]));
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
