/** CREATE_CHILD_SA for Child SAs: rekeying and additional ones, by either side (RFC 7296 §1.3.1, §1.3.3, §2.8, §2.17). */
import { describe, expect, it } from 'vitest';
import type { Proposal } from '#core/ike/proposal.ts';
import { deriveChildKeys } from '#core/ikev2/key-material.ts';
import { REKEY_DEFAULTS } from '#core/ikev2/lifetimes.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType, notifyTypes } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { esp, type Ikev2Pair, ike, ts } from '#test/harness/ikev2-pair.ts';
import { disagreements, reasons, rekeyChild, spiOf, standing } from '#test/harness/ikev2-rekey.ts';

const pfs = { child: { proposals: esp('aes256gcm16-curve25519') } } as const;
const BOTH = ['initiator', 'responder'] as const;
const other = { initiator: 'responder', responder: 'initiator' } as const;
const arrows = { initiator: ['I -> R', 'R -> I'], responder: ['R -> I', 'I -> R'] } as const;

/**
 * The responder refuses so many requests to rekey a Child SA with these payloads. It does not know the Child SA that the
 * rewritten request names, so nothing comes of it over there.
 */
function refuseRekeying(pair: Ikev2Pair, payloads: readonly Payload[], times = 1): void {
  const forge = new Forge(pair);
  let left = times;
  forge.rewrite(({ header, payloads: sent }) => {
    if (header.exchange !== ExchangeType.CREATE_CHILD_SA || left === 0) return undefined;
    if (!header.response) {
      return sent.map((payload) =>
        payload.kind === 'N' ? { ...payload, spi: Uint8Array.of(1, 1, 1, 1) } : payload,
      );
    }
    left--;
    return payloads;
  });
}

describe.each(BOTH)('rekeying of a Child SA, by the %s', (role) => {
  const [there, back] = arrows[role];

  it('replaces keys and SPIs, then deletes the old pair', () => {
    const pair = standing();
    const before = spiOf(pair, role);
    rekeyChild(pair, role).run(1_000);
    expect(pair.drawing.lines).toEqual([
      `${there}: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}`,
      `${back}: HDR, SK {SAr2, Nr, TSi, TSr}`,
      `${there}: HDR, SK {D}`,
      `${back}: HDR, SK {D}`,
    ]);
    expect(disagreements(pair)).toEqual([]);
    const [first, second] = pair.events[role].of('child-installed');
    expect(second).toMatchObject({ name: 'net', replaces: before });
    expect(second?.standby).toBeUndefined();
    expect(second?.child.localTs).toEqual(first?.child.localTs);
    expect(second?.child.remoteTs).toEqual(first?.child.remoteTs);
    expect(reasons(pair.events[role])).toEqual(['rekeyed']);
    expect(reasons(pair.events[other[role]])).toEqual(['rekeyed']);
  });

  it('the answering side sends on the old pair until its Delete comes', () => {
    const pair = standing();
    rekeyChild(pair, role).run(1_000);
    const events = pair.events[other[role]].types.slice(-2);
    expect(events).toEqual(['child-installed', 'child-removed']);
    expect(pair.events[other[role]].of('child-installed')[1]).toMatchObject({ standby: true });
  });

  it('with PFS has a key exchange of its own, and the keys depend on it', () => {
    const pair = standing({ initiator: pfs, responder: pfs });
    rekeyChild(pair, role).run(1_000);
    expect(pair.drawing.lines.slice(0, 2)).toEqual([
      `${there}: HDR, SK {N(REKEY_SA), SAi2, Ni, KEi, TSi, TSr}`,
      `${back}: HDR, SK {SAr2, Nr, KEr, TSi, TSr}`,
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events[role].of('child-installed')[1]?.child.suite.keyExchange?.keyword).toBe('curve25519');
  });

  it('with PFS: the keys depend on the secret of the exchange (§2.17)', () => {
    const pair = standing({ initiator: pfs, responder: pfs });
    rekeyChild(pair, role).run(1_000);
    const [nonceI, nonceR] = pair.drawing.messages.flatMap(({ message }) =>
      message.payloads.flatMap((payload) => (payload.kind === 'NONCE' ? [payload.data] : [])),
    );
    const { suite, keys } = pair[role].life.sa;
    const made = pair.events[role].of('child-installed')[1]?.child;
    if (!nonceI || !nonceR || !suite || !keys || !made) throw new Error('nothing was rekeyed');
    const without = deriveChildKeys({ prf: suite.prf, skD: keys.skD, suite: made.suite, nonceI, nonceR });
    expect(without.fromInitiator.encryption).not.toEqual(made.keysOut.encryption);
  });

  it('a peer that never deletes the old pair: we do', () => {
    const pair = standing();
    rekeyChild(pair, role);
    pair.link.tamper = (flying) => (flying.bytes[18] === ExchangeType.INFORMATIONAL ? [] : [flying]);
    pair.run(50_000);
    expect(pair[other[role]].life.sa.children.size).toBe(2);
    const asked = pair.drawing.lines.length;
    pair.run(15_000);
    expect(pair.drawing.lines.slice(asked)).toContain(`${back}: HDR, SK {D}`);
  });

  it('PFS that only the asking side wants does no harm', () => {
    const pair = standing({ [role]: pfs });
    rekeyChild(pair, role).run(1_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events[role].of('child-installed')[1]?.child.suite.keyExchange).toBeDefined();
  });

  it('INVALID_KE_PAYLOAD: asks again at once with the group that is wanted', () => {
    const pair = standing({
      [role]: { child: { proposals: esp('aes256gcm16-curve25519-ecp256') } },
      [other[role]]: { child: { proposals: esp('aes256gcm16-ecp256') } },
    });
    rekeyChild(pair, role).run(1_000);
    expect(pair.drawing.lines.slice(0, 4)).toEqual([
      `${there}: HDR, SK {N(REKEY_SA), SAi2, Ni, KEi, TSi, TSr}`,
      `${back}: HDR, SK {N(INVALID_KE_PAYLOAD)}`,
      `${there}: HDR, SK {N(REKEY_SA), SAi2, Ni, KEi, TSi, TSr}`,
      `${back}: HDR, SK {SAr2, Nr, KEr, TSi, TSr}`,
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events[role].of('refused')).toEqual([]);
  });

  it('the same octets again are answered with the same octets, and make nothing new', () => {
    const pair = standing({ link: { duplicate: 1 } });
    const retransmits = pair[other[role]].counters.retransmitsReceived;
    rekeyChild(pair, role).run(1_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events[role].of('child-installed')).toHaveLength(2);
    expect(pair[other[role]].counters.retransmitsReceived).toBe(retransmits + 2);
  });

  it('once more, and once more: the third pair stands alone', () => {
    const pair = standing();
    rekeyChild(pair, role).run(1_000);
    rekeyChild(pair, other[role]).run(1_000);
    rekeyChild(pair, role).run(1_000);
    expect(disagreements(pair)).toEqual([]);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed', 'rekeyed', 'rekeyed']);
  });
});

describe('refusals', () => {
  it('TEMPORARY_FAILURE: asks again after a while, longer each time', () => {
    const pair = standing();
    refuseRekeying(pair, [notifyPayload(NotifyType.TEMPORARY_FAILURE)], 3);
    rekeyChild(pair, 'initiator').run(60_000);
    const asked = pair.world.sent.filter(({ from }) => from === '192.0.2.10').map(({ at }) => at);
    const [first = 0, second = 0, third = 0, fourth = 0] = asked.slice(2);
    expect(second - first).toBeGreaterThan(700);
    expect(third - second).toBeGreaterThan((second - first) * 1.1);
    expect(fourth - third).toBeGreaterThan((third - second) * 1.1);
    expect(pair.events.initiator.of('child-installed')).toHaveLength(2);
    expect(pair.events.initiator.of('refused')).toEqual([]);
  });

  it('TEMPORARY_FAILURE for several minutes: out of step, the IKE SA ends (§2.25)', () => {
    const pair = standing();
    refuseRekeying(pair, [notifyPayload(NotifyType.TEMPORARY_FAILURE)], 1_000);
    rekeyChild(pair, 'initiator').run(900_000);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(pair.responder.state).toBe('closed');
  });

  it('CHILD_SA_NOT_FOUND: a new one is made in its place (§2.25)', () => {
    const pair = standing();
    const old = spiOf(pair, 'initiator');
    for (const child of pair.responder.life.sa.children.values()) {
      pair.responder.life.sa.removeChild(pair.now, child, 'expired');
    }
    rekeyChild(pair, 'initiator').run(1_000);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {N(CHILD_SA_NOT_FOUND)}',
      'I -> R: HDR, SK {SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {SAr2, Nr, TSi, TSr}',
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('child-installed')[1]).toMatchObject({ replaces: old });
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
  });

  it('NO_ADDITIONAL_SAS: only a new connection can follow, and the old SA stays for its time', () => {
    const pair = standing();
    refuseRekeying(pair, [notifyPayload(NotifyType.NO_ADDITIONAL_SAS)], 1_000);
    rekeyChild(pair, 'initiator').run(600_000);
    expect(pair.events.initiator.of('reauthentication-needed')).toHaveLength(1);
    const [refused] = pair.events.initiator.of('refused');
    expect(refused).toMatchObject({ what: 'child', failure: { notify: 'NO_ADDITIONAL_SAS' } });
    expect(refused?.retryAt).toBeUndefined();
    expect(pair.initiator.life.sa.children.size).toBe(1);
    expect(pair.drawing.lines).toHaveLength(2);
  });

  it.each([
    NotifyType.NO_PROPOSAL_CHOSEN,
    NotifyType.TS_UNACCEPTABLE,
    NotifyType.INTERNAL_ADDRESS_FAILURE,
    9_999,
  ])('%i: told, and tried again before the hard lifetime', (type) => {
    const pair = standing({ initiator: { rekey: REKEY_DEFAULTS, child: { lifetimeSec: 1_000 } } });
    // NO_PROPOSAL_CHOSEN may be about the key exchange alone, so each attempt is made with and without one.
    refuseRekeying(pair, [notifyPayload(type)], type === NotifyType.NO_PROPOSAL_CHOSEN ? 4 : 2);
    pair.run(990_000);
    const refused = pair.events.initiator.of('refused');
    expect(refused).toHaveLength(2);
    expect(refused[0]?.retryAt).toBeGreaterThan(800_000);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
    expect(disagreements(pair)).toEqual([]);
  });

  it('never granted: the hard lifetime ends it', () => {
    const pair = standing({ initiator: { rekey: REKEY_DEFAULTS, child: { lifetimeSec: 100 } } });
    refuseRekeying(pair, [notifyPayload(NotifyType.NO_PROPOSAL_CHOSEN)], 1_000);
    pair.run(101_000);
    expect(reasons(pair.events.initiator)).toEqual(['expired']);
    pair.run(300_000);
    expect(pair.events.initiator.of('refused').length).toBeLessThan(8);
  });

  it('INVALID_SYNTAX: the peer has ended the IKE SA (§2.21.3)', () => {
    const pair = standing();
    refuseRekeying(pair, [notifyPayload(NotifyType.INVALID_SYNTAX)]);
    rekeyChild(pair, 'initiator').run(1_000);
    expect(pair.initiator.state).toBe('closed');
  });

  it('an answer that makes no SA: the peer is told to drop its half', () => {
    const pair = standing();
    const forge = new Forge(pair);
    let left = 1;
    forge.rewrite(({ header, payloads }) =>
      header.exchange === ExchangeType.CREATE_CHILD_SA && header.response && left-- > 0
        ? payloads.map((payload) =>
            payload.kind === 'TSr' ? { ...payload, selectors: ts('203.0.113.0/24') } : payload,
          )
        : undefined,
    );
    rekeyChild(pair, 'initiator').run(700);
    expect(pair.drawing.lines.slice(2, 4)).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {D}']);
    expect(pair.events.initiator.of('refused')).toMatchObject([{ failure: { cause: 'ts-unacceptable' } }]);
    // The second attempt succeeds.
    pair.run(60_000);
    expect(disagreements(pair)).toEqual([]);
  });
});

describe('what we refuse', () => {
  const nonce: Payload = { kind: 'NONCE', data: new Uint8Array(32).fill(3) };
  const withSpi = (proposals: readonly Proposal[], bytes: number): Payload => ({
    kind: 'SA',
    proposals: proposals.map((proposal) => ({ ...proposal, spi: new Uint8Array(bytes).fill(7) })),
  });
  const offer = withSpi(esp('aes256gcm16'), 4);
  const selectors = [
    { kind: 'TSi', selectors: ts('10.1.0.0/16') },
    { kind: 'TSr', selectors: ts('10.9.0.7') },
  ] as const;

  /** The gateway's request, and what the client answers. */
  function ask(payloads: readonly Payload[], options = {}): string {
    const pair = standing(options);
    const forge = new Forge(pair);
    const place = { exchange: ExchangeType.CREATE_CHILD_SA, response: false, messageId: 0 };
    forge.send('R -> I', place, payloads);
    expect(pair.initiator.state).toBe('established');
    return pair.drawing.lines.at(-1) ?? '';
  }

  const rekey = (spi: readonly number[], protocol = 3): Payload => ({
    kind: 'N',
    type: NotifyType.REKEY_SA,
    protocol,
    spi: Uint8Array.from(spi),
    data: new Uint8Array(),
  });

  it.each<[string, readonly Payload[]]>([
    ['NO_PROPOSAL_CHOSEN', [withSpi(esp('aes128-sha256'), 4), nonce, ...selectors]],
    ['TS_UNACCEPTABLE', [offer, nonce, selectors[0], { kind: 'TSr', selectors: ts('10.9.0.8') }]],
    ['CHILD_SA_NOT_FOUND', [rekey([9, 9, 9, 9]), offer, nonce, ...selectors]],
    ['CHILD_SA_NOT_FOUND', [rekey([9, 9]), offer, nonce, ...selectors]],
    [
      'NO_PROPOSAL_CHOSEN',
      [
        withSpi(ike('aes128gcm16-prfsha256-ecp256'), 8),
        nonce,
        { kind: 'KE', group: 19, data: new Uint8Array(64) },
      ],
    ],
  ])('%s', (name, payloads) => {
    expect(ask(payloads)).toBe(`I -> R: HDR, SK {N(${name})}`);
  });

  it('NO_ADDITIONAL_SAS, when there are as many as we take', () => {
    const line = ask([offer, nonce, ...selectors], { initiator: { maxChildSas: 1 } });
    expect(line).toBe('I -> R: HDR, SK {N(NO_ADDITIONAL_SAS)}');
  });

  it('copies the SPI of a Child SA that it does not know (§2.25)', () => {
    const pair = standing();
    const forge = new Forge(pair);
    const place = { exchange: ExchangeType.CREATE_CHILD_SA, response: false, messageId: 0 };
    forge.send('R -> I', place, [rekey([9, 8, 7, 6]), offer, nonce, ...selectors]);
    const answer = pair.drawing.messages.at(-1)?.message.payloads[0];
    expect(answer).toMatchObject({
      type: NotifyType.CHILD_SA_NOT_FOUND,
      protocol: 3,
      spi: Uint8Array.of(9, 8, 7, 6),
    });
    expect(notifyTypes.nameOf(NotifyType.CHILD_SA_NOT_FOUND)).toBe('CHILD_SA_NOT_FOUND');
  });
});

describe('additional Child SAs', () => {
  const second = (pair: Ikev2Pair) => ({
    ...pair.initiator.life.sa.config.child,
    name: 'second',
    remoteTs: ts('10.1.7.0/24'),
  });

  it('asked for by the initiator, with PFS', () => {
    const pair = standing({ initiator: pfs, responder: pfs });
    pair.do((now) => pair.initiator.createChild(now, second(pair))).run(1_000);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {SAi2, Ni, KEi, TSi, TSr}',
      'R -> I: HDR, SK {SAr2, Nr, KEr, TSi, TSr}',
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.life.sa.children.size).toBe(2);
    const [, made] = pair.events.initiator.of('child-installed');
    expect(made).toMatchObject({ name: 'second', child: { remoteTs: ts('10.1.7.0/24') } });
    expect(made?.replaces).toBeUndefined();
  });

  it('asked for by the responder: narrowed to the address that the client was given', () => {
    const pair = standing();
    const config = { ...pair.responder.life.sa.config.child, name: 'third' };
    pair.do((now) => pair.responder.createChild(now, config)).run(1_000);
    expect(disagreements(pair)).toEqual([]);
    const [, made] = pair.events.initiator.of('child-installed');
    expect(made?.child.localTs).toEqual(ts('10.9.0.7', 'fd00:9::7'));
  });

  it('refused: told, not asked for again', () => {
    const pair = standing({ responder: { maxChildSas: 1 } });
    pair.do((now) => pair.initiator.createChild(now, second(pair))).run(100_000);
    expect(pair.drawing.lines).toHaveLength(2);
    expect(pair.events.initiator.of('refused')).toMatchObject([{ what: 'child' }]);
    expect(pair.events.initiator.of('refused')[0]?.spiIn).toBeUndefined();
  });

  it('is rekeyed and deleted apart from the first one', () => {
    const pair = standing();
    pair.do((now) => pair.initiator.createChild(now, second(pair))).run(1_000);
    pair.do((now) => pair.initiator.rekey(now, { spiIn: spiOf(pair, 'initiator', 1) })).run(1_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('child-installed')[2]).toMatchObject({ name: 'second' });
    pair.do((now) => pair.initiator.delete(now, spiOf(pair, 'initiator', 1))).run(1_000);
    expect(disagreements(pair)).toEqual([]);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed', 'deleted-by-us']);
    expect(pair.initiator.life.sa.children.size).toBe(1);
  });
});
