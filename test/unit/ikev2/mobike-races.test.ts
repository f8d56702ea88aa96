/** A client that moves while something is under way: requests, other moves, rekeyings (RFC 4555 §3.5, RFC 7296 §2.8). */
import { describe, expect, it } from 'vitest';
import { EMPTY, equal } from '#core/bytes/bytes.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { INITIATOR_ADDRESS, RESPONDER_ADDRESS } from '#test/harness/ikev2-pair.ts';
import { disagreements, rekeyChild, rekeyIke } from '#test/harness/ikev2-rekey.ts';
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
  delay,
  has,
  SHORT,
  unblock,
} from '#test/harness/ikev2-roam.ts';

const { INFORMATIONAL } = ExchangeType;
const { UPDATE_SA_ADDRESSES, COOKIE2 } = NotifyType;

describe('while a request or another move is under way', () => {
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
});

describe('while a rekeying is under way', () => {
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
