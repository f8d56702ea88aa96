/** Additional key exchanges behind CREATE_CHILD_SA: IKE_FOLLOWUP_KE (RFC 9370 §2.2.4), with ML-KEM. */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { notifyPayload } from '#test/harness/ikev2-forge.ts';
import { FollowUpHand, hybrid } from '#test/harness/ikev2-hybrid.ts';
import { esp, type Ikev2Pair, INITIATOR_ADDRESS, pathTo } from '#test/harness/ikev2-pair.ts';
import { disagreements, reasons, rekeyChild, rekeyIke, spiOf } from '#test/harness/ikev2-rekey.ts';

const { IKE_FOLLOWUP_KE, CREATE_CHILD_SA, INFORMATIONAL } = ExchangeType;
const BOTH = ['initiator', 'responder'] as const;
const other = { initiator: 'responder', responder: 'initiator' } as const;
const arrows = (role: 'initiator' | 'responder') =>
  role === 'initiator' ? (['I -> R', 'R -> I'] as const) : (['R -> I', 'I -> R'] as const);

const LINK = 'N(ADDITIONAL_KEY_EXCHANGE)';
const SEVERAL = 'aes256gcm16-curve25519-ke1_mlkem512-ke3_ecp256-ke7_mlkem768';

/** The secrets that an end keeps for key exchanges to come; the arrays themselves, to see whether they are wiped. */
function secretsOf(pair: Ikev2Pair, role: 'initiator' | 'responder', whose: 'ours' | 'theirs'): Uint8Array[] {
  const { unfinished } = pair[role].life.sa;
  return [...(unfinished[whose]?.secrets ?? [])];
}

/** Of secrets that there were. */
const wiped = (secrets: readonly Uint8Array[]): boolean =>
  secrets.length > 0 && secrets.every((secret) => secret.every((octet) => octet === 0));

const isExchange = (bytes: Uint8Array, exchange: number, response: boolean): boolean =>
  bytes[18] === exchange && ((bytes[19] ?? 0) & 0x20) / 0x20 === Number(response);

/** Lets time pass until the next IKE_FOLLOWUP_KE request is on its way. */
function untilFollowUp(pair: Ikev2Pair): Ikev2Pair {
  const before = pair.world.sent.length;
  const asked = () =>
    pair.world.sent.slice(before).some(({ datagram }) => isExchange(datagram.bytes, IKE_FOLLOWUP_KE, false));
  pair.world.run(pair.now + 10_000, asked);
  if (!asked()) throw new Error('no IKE_FOLLOWUP_KE');
  return pair;
}

describe.each(BOTH)('begun by the %s', (role) => {
  const [there, back] = arrows(role);

  it('a Child SA: the successor is made when the additional key exchange is done', () => {
    const pair = hybrid();
    rekeyChild(pair, role).run(1_000);
    expect(pair.drawing.lines).toEqual([
      `${there}: HDR, SK {N(REKEY_SA), SAi2, Ni, KEi, TSi, TSr}`,
      `${back}: HDR, SK {SAr2, Nr, KEr, TSi, TSr, ${LINK}}`,
      `${there}: HDR, SK {KEi, ${LINK}}`,
      `${back}: HDR, SK {KEr}`,
      `${there}: HDR, SK {D}`,
      `${back}: HDR, SK {D}`,
    ]);
    expect(disagreements(pair)).toEqual([]);
    for (const end of BOTH) {
      expect(reasons(pair.events[end])).toEqual(['rekeyed']);
      const [first, second, ...more] = pair.events[end].of('child-installed');
      expect(more).toEqual([]);
      expect(second?.replaces).toBe(first?.child.spiIn);
      // Who answers sends over the old one until the other has the new one.
      expect(second?.standby === true).toBe(end !== role);
      expect(second?.child.suite.additional).toMatchObject([{ keyExchange: { keyword: 'mlkem768' } }]);
      // The new one was there before the old one went.
      const types = pair.events[end].types.filter((type) => type.startsWith('child-'));
      expect(types).toEqual(['child-installed', 'child-installed', 'child-removed']);
    }
  });

  it('a Child SA with several: one after another, by a new link each', () => {
    const child = { proposals: esp(SEVERAL) };
    const pair = hybrid({ initiator: { child }, responder: { child } });
    rekeyChild(pair, role).run(1_000);
    expect(disagreements(pair)).toEqual([]);
    const asked = pair.drawing.messages.filter(({ message }) => message.header.exchange === IKE_FOLLOWUP_KE);
    const groups = asked.map(({ message }) =>
      message.payloads.flatMap((one) => (one.kind === 'KE' ? one.group : [])),
    );
    expect(groups.flat()).toEqual([35, 35, 19, 19, 36, 36]);
    const links = pair.drawing.messages.flatMap(({ message: { header, payloads } }) =>
      payloads.flatMap((one) =>
        one.kind === 'N' && one.type === NotifyType.ADDITIONAL_KEY_EXCHANGE && header.response
          ? String(one.data)
          : [],
      ),
    );
    expect(new Set(links).size).toBe(3);
    expect(links).toHaveLength(3);
  });

  it('without the additional secrets the keys would be others', () => {
    const pair = hybrid();
    rekeyChild(pair, role);
    untilFollowUp(pair);
    // One end computes with something else.
    const [secret] = secretsOf(pair, role, 'ours');
    secret?.fill(7);
    pair.run(1_000);
    expect(disagreements(pair).join()).toContain('do not fit');
  });

  it('the IKE SA: all is inherited when the additional key exchange is done', () => {
    const pair = hybrid();
    const child = spiOf(pair, 'initiator');
    rekeyIke(pair, role).run(1_000);
    expect(pair.drawing.lines).toEqual([
      `${there}: HDR, SK {SAi2, Ni, KEi}`,
      `${back}: HDR, SK {SAr2, Nr, KEr, ${LINK}}`,
      `${there}: HDR, SK {KEi, ${LINK}}`,
      `${back}: HDR, SK {KEr}`,
      `${there}: HDR, SK {D}`,
      `${back}: HDR, SK {}`,
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(spiOf(pair, 'initiator')).toBe(child);
    for (const end of BOTH) {
      expect(pair.events[end].of('ike-rekeyed')).toHaveLength(1);
      expect(pair[end].life.sa.suite?.additional).toHaveLength(1);
    }
    // And the new keys are the same at both ends.
    expect(pair.initiator.life.sa.keys).toEqual(pair.responder.life.sa.keys);
    rekeyChild(pair, role).run(1_000);
    rekeyIke(pair, other[role]).run(1_000);
    expect(disagreements(pair)).toEqual([]);
  });

  it('what was decided about the IKE SA meanwhile holds for its heir', () => {
    const pair = hybrid();
    rekeyIke(pair, role);
    untilFollowUp(pair);
    const leaveAt = { at: pair.now + 1_000_000 };
    for (const end of BOTH) pair[end].life.sa.leaveAt = leaveAt;
    pair.run(1_000);
    for (const end of BOTH) expect(pair[end].life.sa.leaveAt).toBe(leaveAt);
  });

  it('one more Child SA', () => {
    const pair = hybrid();
    const { child } = pair[role].life.sa.config;
    pair.do((now) => pair[role].createChild(now, { ...child, name: 'more' })).run(1_000);
    expect(pair.drawing.lines[0]).toBe(`${there}: HDR, SK {SAi2, Ni, KEi, TSi, TSr}`);
    expect(pair.drawing.lines.at(-1)).toBe(`${back}: HDR, SK {KEr}`);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.life.sa.children.size).toBe(2);
  });

  it.each([1, 2, 3, 4, 5, 6])('over a link that loses and repeats (%s)', (seed) => {
    const child = { proposals: esp(SEVERAL) };
    const pair = hybrid({
      seed,
      initiator: { child, fragmentBytes: 576 },
      responder: { child, fragmentBytes: 576 },
    });
    pair.link.options = { ...pair.link.options, loss: 0.25, duplicate: 0.3, jitterMs: 300 };
    rekeyChild(pair, role).run(100_000);
    rekeyIke(pair, role).run(300_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
  });

  it('each message again, octet by octet, makes nothing new and is answered alike', () => {
    const pair = hybrid();
    pair.link.tamper = (flying) => [flying, { ...flying, at: flying.at + 5 }];
    rekeyChild(pair, role).run(5_000);
    rekeyIke(pair, role).run(5_000);
    expect(disagreements(pair)).toEqual([]);
    for (const end of BOTH) expect(pair.events[end].of('child-installed')).toHaveLength(2);
  });
});

describe.each(BOTH)('refusals by the %s', (role) => {
  const asking = other[role];
  const unlinked = (payloads: readonly Payload[]) => [
    ...payloads.filter(({ kind }) => kind === 'KE'),
    notifyPayload(NotifyType.ADDITIONAL_KEY_EXCHANGE, Uint8Array.of(9)),
  ];
  const refusing =
    (type: number, data = EMPTY) =>
    (): readonly Payload[] => [notifyPayload(type, data)];

  it.each(['child', 'ike'] as const)('STATE_NOT_FOUND (%s): it begins again from the start', (what) => {
    const pair = hybrid();
    new FollowUpHand(pair, role).requests(unlinked, 1);
    (what === 'ike' ? rekeyIke : rekeyChild)(pair, asking);
    untilFollowUp(pair);
    const secrets = secretsOf(pair, asking, 'ours');
    pair.run(60_000);
    expect(wiped(secrets)).toBe(true);
    expect(pair.events[asking].of('refused')).toEqual([]);
    expect(disagreements(pair)).toEqual([]);
    const asked = pair.drawing.messages.filter(({ message: { header } }) => {
      return header.exchange === CREATE_CHILD_SA && !header.response;
    });
    expect(asked).toHaveLength(2);
    expect(reasons(pair.events.initiator)).toEqual(what === 'ike' ? [] : ['rekeyed']);
  });

  it.each(['child', 'ike'] as const)('STATE_NOT_FOUND for several minutes (%s): the IKE SA ends', (what) => {
    const pair = hybrid();
    new FollowUpHand(pair, role).requests(unlinked);
    (what === 'ike' ? rekeyIke : rekeyChild)(pair, asking).run(3_600_000);
    expect(pair[asking].state).toBe('closed');
    expect(pair.events[asking].failure).toMatchObject({
      cause: 'protocol-error',
      detail: expect.stringContaining('STATE_NOT_FOUND'),
    });
  });

  it.each([
    ['TEMPORARY_FAILURE', NotifyType.TEMPORARY_FAILURE, EMPTY],
    ['NO_PROPOSAL_CHOSEN', NotifyType.NO_PROPOSAL_CHOSEN, EMPTY],
    ['INVALID_KE_PAYLOAD', NotifyType.INVALID_KE_PAYLOAD, Uint8Array.of(0, 31)],
    ['CHILD_SA_NOT_FOUND', NotifyType.CHILD_SA_NOT_FOUND, EMPTY],
    ['an error that nobody knows', 8_000, EMPTY],
  ] as const)('%s, always: patience, no storm, and the old SAs stay', (_name, type, data) => {
    // The first of several: the peer has made nothing yet.
    const several = { child: { proposals: esp(SEVERAL) } };
    const pair = hybrid({ initiator: several, responder: several });
    const child = spiOf(pair, asking);
    new FollowUpHand(pair, role).answers(refusing(type, data));
    rekeyChild(pair, asking).run(20_000);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
    // The one that the peer does not find is asked for anew.
    expect(pair[asking].life.sa.children.has(child)).toBe(type !== NotifyType.CHILD_SA_NOT_FOUND);
    expect(pair.drawing.messages.length).toBeLessThan(60);
    expect(pair[asking].life.sa.unfinished.ours).toBeUndefined();
    rekeyIke(pair, asking).run(20_000);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
    expect(pair.drawing.messages.length).toBeLessThan(120);
  });

  it('INVALID_SYNTAX is fatal to both (RFC 7296 §2.21.3)', () => {
    const pair = hybrid();
    new FollowUpHand(pair, role).answers(refusing(NotifyType.INVALID_SYNTAX));
    rekeyChild(pair, asking).run(20_000);
    expect(pair.events[asking].failure).toMatchObject({ cause: 'peer-error' });
  });

  it.each([
    [
      'another group',
      (payloads: readonly Payload[]) =>
        payloads.map((one) => (one.kind === 'KE' ? { ...one, group: 31 } : one)),
    ],
    [
      'a public value that is too short',
      (payloads: readonly Payload[]) =>
        payloads.map((one) => (one.kind === 'KE' ? { ...one, data: one.data.slice(1) } : one)),
    ],
  ] as const)('an answer with %s: the Child SA is told to be void, and made later', (_name, change) => {
    const pair = hybrid();
    new FollowUpHand(pair, role).answers(change, 1);
    rekeyChild(pair, asking);
    untilFollowUp(pair);
    const secrets = secretsOf(pair, asking, 'ours');
    pair.run(100_000);
    expect(wiped(secrets)).toBe(true);
    expect(pair.events[asking].of('refused')).toMatchObject([
      { what: 'child', failure: { cause: 'protocol-error' } },
    ]);
    expect(disagreements(pair)).toEqual([]);
  });

  it.each(['child', 'ike'] as const)('an answer that asks for less than was chosen (%s)', (what) => {
    const child = { proposals: esp(SEVERAL) };
    const pair = hybrid({ initiator: { child }, responder: { child } });
    const withoutLink = (payloads: readonly Payload[]) => payloads.filter(({ kind }) => kind !== 'N');
    new FollowUpHand(pair, role).answersTo(CREATE_CHILD_SA, withoutLink, 1);
    (what === 'ike' ? rekeyIke : rekeyChild)(pair, asking).run(100_000);
    const { failure } = pair.events[asking].of(what === 'ike' ? 'closed' : 'refused')[0] ?? {};
    expect(failure).toMatchObject({ cause: 'protocol-error' });
    expect(disagreements(pair)).toEqual([]);
  });

  it('a link too many in the last answer means nothing', () => {
    const pair = hybrid();
    new FollowUpHand(pair, role).answers((payloads) => [
      ...payloads,
      notifyPayload(NotifyType.ADDITIONAL_KEY_EXCHANGE, Uint8Array.of(1)),
    ]);
    rekeyChild(pair, asking).run(1_000);
    expect(disagreements(pair)).toEqual([]);
    expect(reasons(pair.events[asking])).toEqual(['rekeyed']);
  });
});

describe.each(BOTH)('a peer that asks the %s', (role) => {
  const asking = other[role];
  const [there] = arrows(asking);
  const KE: Payload = { kind: 'KE', group: 36, data: new Uint8Array(1184) };
  const linked = (link: Uint8Array): Payload => notifyPayload(NotifyType.ADDITIONAL_KEY_EXCHANGE, link);

  it('without a CREATE_CHILD_SA: STATE_NOT_FOUND, and nothing else happens', () => {
    const pair = hybrid();
    new FollowUpHand(pair, role).ask([KE, linked(Uint8Array.of(1))]);
    pair.run(100);
    expect(pair.drawing.lines.at(-1)).toContain('SK {N(STATE_NOT_FOUND)}');
    expect(pair[role].state).toBe('established');
  });

  it.each([
    ['without its link', () => []],
    ['with another link', () => [linked(Uint8Array.of(1, 2, 3))]],
  ] as const)('%s: STATE_NOT_FOUND, and the right one still counts', (_name, links) => {
    const pair = hybrid();
    const hand = new FollowUpHand(pair, role);
    hand.requests((payloads) => [...payloads.filter(({ kind }) => kind === 'KE'), ...links()], 1);
    rekeyChild(pair, asking).run(60_000);
    const answers = pair.drawing.lines.filter((line) => line.includes('STATE_NOT_FOUND'));
    expect(answers).toHaveLength(1);
    expect(disagreements(pair)).toEqual([]);
  });

  it('with another group, or a public value that is none: INVALID_SYNTAX, the secrets go', () => {
    const pair = hybrid();
    rekeyChild(pair, asking);
    new FollowUpHand(pair, role).requests((payloads) =>
      payloads.map((one) => (one.kind === 'KE' ? { ...one, data: one.data.slice(2) } : one)),
    );
    untilFollowUp(pair);
    const secrets = secretsOf(pair, role, 'theirs');
    pair.run(5_000);
    expect(pair[role].state).toBe('closed');
    expect(wiped(secrets)).toBe(true);
  });

  it('and then no more: the secrets are kept for 20 s, and rekeying goes on afterwards', () => {
    const pair = hybrid();
    pair.link.tamper = (flying) => (isExchange(flying.bytes, IKE_FOLLOWUP_KE, false) ? [] : [flying]);
    rekeyChild(pair, asking);
    untilFollowUp(pair);
    const secrets = secretsOf(pair, role, 'theirs');
    pair.run(15_000);
    expect(secretsOf(pair, role, 'theirs')).toHaveLength(1);
    pair.run(5_100);
    expect(pair[role].life.sa.unfinished.theirs).toBeUndefined();
    expect(wiped(secrets)).toBe(true);
    pair.link.tamper = (flying) => [flying];
    pair.run(60_000);
    expect(disagreements(pair)).toEqual([]);
    expect(reasons(pair.events[role])).toEqual(['rekeyed']);
  });

  it('for another one instead: what was left open is wiped', () => {
    const pair = hybrid();
    rekeyChild(pair, asking);
    untilFollowUp(pair);
    const secrets = secretsOf(pair, role, 'theirs');
    const { message } = pair.drawing.messages.find(({ direction }) => direction === there) ?? {};
    new FollowUpHand(pair, role).ask(message?.payloads ?? [], CREATE_CHILD_SA);
    expect(secretsOf(pair, role, 'theirs')).toHaveLength(1);
    expect(wiped(secrets)).toBe(true);
  });
});

describe('in between', () => {
  it.each(BOTH)('the %s disconnects: both ends close, nothing is left', (role) => {
    for (const what of [rekeyChild, rekeyIke]) {
      const pair = hybrid();
      what(pair, 'initiator');
      untilFollowUp(pair);
      const secrets = [...secretsOf(pair, 'initiator', 'ours'), ...secretsOf(pair, 'responder', 'theirs')];
      expect(secrets).toHaveLength(2);
      pair.do((now) => pair[role].delete(now)).run(60_000);
      expect([pair.initiator.state, pair.responder.state]).toEqual(['closed', 'closed']);
      expect(disagreements(pair)).toEqual([]);
      expect(wiped(secrets)).toBe(true);
      expect([pair.initiator.pollTimeout(), pair.responder.pollTimeout()]).toEqual([undefined, undefined]);
    }
  });

  it.each(BOTH)('the %s is abandoned: the secrets go', (role) => {
    const pair = hybrid();
    rekeyChild(pair, role);
    untilFollowUp(pair);
    const secrets = secretsOf(pair, role, 'ours');
    pair.do((now) => pair[role].abandon(now));
    expect(wiped(secrets)).toBe(true);
  });

  it.each(BOTH)(
    'the old Child SA is deleted by the end that rekeys it (%s): the successor goes as well',
    (role) => {
      const pair = hybrid();
      rekeyChild(pair, role);
      untilFollowUp(pair);
      pair.do((now) => pair[role].delete(now, spiOf(pair, role))).run(60_000);
      expect(disagreements(pair)).toEqual([]);
      expect(pair.initiator.life.sa.children.size).toBe(0);
    },
  );

  it('the old Child SA is deleted by the other end: no successor takes its place', () => {
    const pair = hybrid();
    rekeyChild(pair, 'responder');
    untilFollowUp(pair);
    const secrets = secretsOf(pair, 'initiator', 'theirs');
    pair.do((now) => pair.initiator.delete(now, spiOf(pair, 'initiator'))).run(60_000);
    expect(pair.drawing.lines.some((line) => line.includes('TEMPORARY_FAILURE'))).toBe(true);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.life.sa.children.size).toBe(0);
    expect(wiped(secrets)).toBe(true);
  });

  it.each(BOTH)(
    'the old Child SA of the %s reaches its hard lifetime: the tunnel comes back with the successor',
    (role) => {
      const pair = hybrid({ [role]: { child: { lifetimeSec: 100 } } });
      const began = pair.events[role].of('child-installed')[0]?.expiresAt ?? 0;
      pair.world.run(began - 15);
      rekeyChild(pair, 'initiator').run(60_000);
      expect(pair.events[role].of('child-removed')[0]?.reason).toBe('expired');
      expect(pair.initiator.life.sa.children.size).toBe(1);
      expect(disagreements(pair)).toEqual([]);
    },
  );

  it('the successor is made and deleted before we hear of it: the old Child SA can be rekeyed again', () => {
    const pair = hybrid();
    pair.link.tamper = (flying) =>
      isExchange(flying.bytes, IKE_FOLLOWUP_KE, true) ? [{ ...flying, at: flying.at + 100 }] : [flying];
    rekeyChild(pair, 'initiator');
    const secrets = secretsOf(untilFollowUp(pair), 'initiator', 'ours');
    pair.run(15);
    pair.do((now) => pair.responder.delete(now, spiOf(pair, 'responder', 1))).run(1_000);
    expect(pair.events.initiator.of('child-installed')).toHaveLength(1);
    expect(wiped(secrets)).toBe(true);
    expect(disagreements(pair)).toEqual([]);
    rekeyChild(pair, 'initiator').run(1_000);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
  });

  it('the IKE SA reaches its hard lifetime: it ends in good order', () => {
    for (const proposals of [undefined, 'plain'] as const) {
      const pair = hybrid({ initiator: { lifetimeSec: 100 } }, proposals);
      pair.world.run((pair.events.initiator.of('ike-established')[0]?.expiresAt ?? 0) - 15);
      rekeyIke(pair, 'initiator').run(60_000);
      expect(disagreements(pair)).toEqual([]);
    }
  });

  it('the client moves (MOBIKE): the update goes first, then the key exchange', () => {
    const pair = hybrid({ initiator: { mobike: true }, responder: { mobike: true } });
    const { port } = pair.initiator.life.sa.path?.local ?? pathTo(4500).local;
    rekeyChild(pair, 'initiator').run(15);
    // While CREATE_CHILD_SA is under way.
    const to = { local: { address: '192.0.2.77', port }, remote: pathTo(port).remote };
    pair.world.aliases.set('192.0.2.77', INITIATOR_ADDRESS);
    pair.do((now) => pair.initiator.roam(now, to)).run(5_000);
    const lines = pair.drawing.lines.map((line) => line.replace(/^I -> R: HDR, /, ''));
    const update = lines.findIndex((line) => line.includes('UPDATE_SA_ADDRESSES'));
    const followUp = lines.findIndex((line) => line.startsWith(`SK {KEi, ${LINK}`));
    expect(update).toBeGreaterThan(0);
    expect(followUp).toBeGreaterThan(update);
    expect(disagreements(pair)).toEqual([]);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
  });

  it('the peer rekeys while the update is under way: busy all the same', () => {
    for (const [ours, theirs] of [
      [rekeyChild, rekeyIke],
      [rekeyIke, rekeyChild],
      [rekeyIke, rekeyIke],
      [rekeyChild, rekeyChild],
    ] as const) {
      const pair = hybrid({ initiator: { mobike: true }, responder: { mobike: true } });
      const { port } = pair.initiator.life.sa.path?.local ?? pathTo(4500).local;
      ours(pair, 'initiator').run(15);
      const to = { local: { address: '192.0.2.77', port }, remote: pathTo(port).remote };
      pair.world.aliases.set('192.0.2.77', INITIATOR_ADDRESS);
      pair.do((now) => pair.initiator.roam(now, to)).run(9);
      expect(pair.initiator.life.sa.unfinished.ours).toBeDefined();
      expect(pair.initiator.life.sa.asking).toBeUndefined();
      theirs(pair, 'responder').run(60_000);
      expect(disagreements(pair)).toEqual([]);
      expect(pair.events.initiator.of('refused')).toEqual([]);
    }
  });

  it.each([
    ['rekeying of a Child SA', (pair: Ikev2Pair) => rekeyChild(pair, 'initiator')],
    ['rekeying of the IKE SA', (pair: Ikev2Pair) => rekeyIke(pair, 'initiator')],
    ['a Delete', (pair: Ikev2Pair) => pair.do((now) => pair.initiator.delete(now, spiOf(pair, 'initiator')))],
  ] as const)(
    'the peer replaces the IKE SA: %s waits for the heir, or for the peer to give up',
    (_name, ask) => {
      for (const silent of [false, true]) {
        const pair = hybrid();
        if (silent)
          pair.link.tamper = (flying) => (isExchange(flying.bytes, IKE_FOLLOWUP_KE, false) ? [] : [flying]);
        rekeyIke(pair, 'responder');
        untilFollowUp(pair);
        const { spiI } = pair.initiator;
        pair.drawing.clear();
        ask(pair);
        expect(pair.drawing.lines).toEqual([]);
        pair.run(silent ? 19_000 : 5);
        expect(pair.drawing.messages.filter(({ direction }) => direction === 'I -> R')).toEqual([]);
        pair.run(2_000);
        // Now it has gone out, under whichever SA there is.
        expect(pair.drawing.messages.some(({ direction }) => direction === 'I -> R')).toBe(true);
        expect(pair.initiator.spiI === spiI).toBe(silent);
        pair.link.tamper = (flying) => [flying];
        pair.run(200_000);
        expect(disagreements(pair)).toEqual([]);
      }
    },
  );

  it('the message IDs run out: the last one is left for the Delete', () => {
    const pair = hybrid();
    const { window } = pair.initiator.life.requests;
    Object.defineProperty(window, 'exhausted', { get: () => window.next > 1 + used });
    const used = window.next - 1;
    rekeyChild(pair, 'initiator').run(60_000);
    expect(pair.events.initiator.failure).toMatchObject({ detail: 'all message IDs are used up' });
    const last = pair.drawing.messages.findLast(({ direction }) => direction === 'I -> R');
    expect(last?.message.header.exchange).toBe(INFORMATIONAL);
    expect(last?.message.header.messageId).toBe(used + 2);
  });
});

/** Of each exchange that was begun: who, which, how often. */
const followUps = (pair: Ikev2Pair): string[] => [
  ...new Set(
    pair.drawing.messages
      .filter(({ message: { header } }) => header.exchange === IKE_FOLLOWUP_KE && !header.response)
      .map(({ direction }) => direction),
  ),
];

describe('both rekey the same SA', () => {
  const seeds = Array.from({ length: 16 }, (_, i) => i + 1);

  it.each([
    ['Child SA', rekeyChild],
    ['IKE SA', rekeyIke],
  ] as const)(
    '%s: the exchange with the lowest nonce ends, and only the other one goes on',
    (_name, rekey) => {
      const winners = new Set<string>();
      for (const seed of seeds) {
        const pair = hybrid({ seed });
        rekey(pair, 'initiator');
        rekey(pair, 'responder').run(21);
        const secrets = BOTH.flatMap((end) => [
          ...secretsOf(pair, end, 'ours'),
          ...secretsOf(pair, end, 'theirs'),
        ]);
        // The winner has its own, and the loser has that of the winner.
        expect(secrets).toHaveLength(2);
        pair.run(100_000);
        const went = followUps(pair);
        expect(went).toHaveLength(1);
        winners.add(went[0] ?? '');
        expect(wiped(secrets)).toBe(true);
        expect(disagreements(pair)).toEqual([]);
        const made = BOTH.map((end) => {
          const { all } = pair.events[end];
          return all.filter(({ type }) => type === 'ike-rekeyed' || type === 'child-removed').length;
        });
        expect(made).toEqual([1, 1]);
      }
      expect(winners.size).toBe(2);
    },
  );

  it('a Child SA, one of them later: TEMPORARY_FAILURE once key exchanges follow', () => {
    for (const first of BOTH) {
      const pair = hybrid();
      rekeyChild(pair, first).run(25);
      expect(pair[first].life.sa.unfinished.ours).toBeDefined();
      pair.drawing.clear();
      // The answer to CREATE_CHILD_SA is there, IKE_FOLLOWUP_KE is on its way.
      rekeyChild(pair, other[first]).run(100_000);
      expect(pair.drawing.lines.filter((line) => line.includes('TEMPORARY_FAILURE'))).toHaveLength(1);
      expect(disagreements(pair)).toEqual([]);
      expect(pair.events.initiator.of('refused')).toEqual([]);
    }
  });

  it('the IKE SA, one of them later: an end that knows better waits, the other one hears TEMPORARY_FAILURE', () => {
    for (const first of BOTH) {
      const pair = hybrid();
      rekeyIke(pair, first).run(25);
      const [asked] = pair.drawing.messages;
      new FollowUpHand(pair, first).ask(asked?.message.payloads ?? [], CREATE_CHILD_SA);
      expect(pair.drawing.lines.at(-1)).toContain('SK {N(TEMPORARY_FAILURE)}');
      expect(pair[first].life.sa.unfinished.theirs).toBeUndefined();
    }
  });

  it.each([
    ['Child SA', rekeyChild],
    ['IKE SA', rekeyIke],
  ] as const)('%s, where answers to CREATE_CHILD_SA are lost', (_name, rekey) => {
    for (const seed of seeds) {
      const pair = hybrid({ seed });
      let lost = 0;
      pair.link.tamper = (flying) =>
        isExchange(flying.bytes, CREATE_CHILD_SA, true) && lost++ < 1 + (seed % 3) ? [] : [flying];
      rekey(pair, 'initiator');
      rekey(pair, 'responder').run(200_000);
      expect(disagreements(pair)).toEqual([]);
    }
  });

  it.each([
    ['Child SA', rekeyChild],
    ['IKE SA', rekeyIke],
  ] as const)('%s, where only one of the two exchanges has an additional one', (_name, rekey) => {
    const went = new Set<number>();
    for (const seed of seeds) {
      // Each end likes its own proposal best, and answers with it.
      const pair = hybrid({ seed }, 'divided');
      rekey(pair, 'initiator');
      rekey(pair, 'responder').run(200_000);
      went.add(followUps(pair).length);
      // Both know who has lost: nobody asks in vain.
      expect(pair.drawing.lines.filter((line) => /NOT_FOUND|TEMPORARY/.test(line))).toEqual([]);
      expect(disagreements(pair)).toEqual([]);
    }
    expect(went).toEqual(new Set([0, 1]));
  });

  it('one the IKE SA, the other a Child SA: both succeed in the end', () => {
    for (const seed of seeds) {
      for (const later of [0, 15, 25, 35]) {
        const pair = hybrid({ seed });
        rekeyIke(pair, 'initiator').run(later);
        rekeyChild(pair, 'responder').run(200_000);
        expect(disagreements(pair)).toEqual([]);
        expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
        expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
      }
    }
  });
});

it('a link is nothing to an exchange that chose one key exchange', () => {
  const pair = hybrid({}, 'plain');
  new FollowUpHand(pair, 'responder').answersTo(CREATE_CHILD_SA, (payloads) => [
    ...payloads,
    notifyPayload(NotifyType.ADDITIONAL_KEY_EXCHANGE, Uint8Array.of(1)),
  ]);
  rekeyChild(pair, 'initiator').run(1_000);
  rekeyIke(pair, 'initiator').run(1_000);
  expect(followUps(pair)).toEqual([]);
  expect(disagreements(pair)).toEqual([]);
  expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
});

describe('a gateway that demands for Child SAs what the profile has for the IKE SA alone', () => {
  it('we rekey: with the additional key exchange of the IKE SA, and from then on at once', () => {
    const pair = hybrid({}, 'unequal');
    rekeyChild(pair, 'initiator').run(1_000);
    expect(pair.drawing.lines.slice(0, 6)).toEqual([
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {N(NO_PROPOSAL_CHOSEN)}',
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, KEi, TSi, TSr}',
      `R -> I: HDR, SK {SAr2, Nr, KEr, TSi, TSr, ${LINK}}`,
      `I -> R: HDR, SK {KEi, ${LINK}}`,
      'R -> I: HDR, SK {KEr}',
    ]);
    pair.drawing.clear();
    rekeyChild(pair, 'initiator').run(1_000);
    expect(pair.drawing.lines[0]).toBe('I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, KEi, TSi, TSr}');
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('refused')).toEqual([]);
  });

  it('the gateway rekeys: granted', () => {
    const pair = hybrid({}, 'unequal');
    rekeyChild(pair, 'responder').run(1_000);
    expect(followUps(pair)).toEqual(['R -> I']);
    expect(disagreements(pair)).toEqual([]);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
  });

  it('one key exchange alone is offered as well, for a gateway that knows no other', () => {
    const pair = hybrid({ responder: { child: { proposals: esp('aes256gcm16-curve25519') } } }, 'unequal');
    rekeyChild(pair, 'initiator').run(1_000);
    expect(followUps(pair)).toEqual([]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('child-installed')[1]?.child.suite.keyExchange?.keyword).toBe(
      'curve25519',
    );
  });
});
