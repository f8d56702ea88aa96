/** One of several Child SAs that the gateway deletes or lets expire: made again as long as the IKE SA lives, not in a storm. */
import { describe, expect, it } from 'vitest';
import { formatTrafficSelector } from '#core/ike/traffic-selector.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { type Ikev2Pair, type PairOptions, esp, ts } from '#test/harness/ikev2-pair.ts';
import { disagreements, rekeyIke, spiOf, standing } from '#test/harness/ikev2-rekey.ts';

const SECOND = {
  name: 'net 2',
  proposals: esp('aes256gcm16'),
  localTs: ts('0.0.0.0/0'),
  remoteTs: ts('10.1.1.0/24'),
  replayWindow: 64,
  hardLimit: {},
};
const SUBNETS: PairOptions = {
  initiator: { child: { remoteTs: ts('10.1.0.0/24') }, furtherChildren: [SECOND] },
};

const networks = (pair: Ikev2Pair): string[] =>
  [...pair.initiator.life.sa.children.values()]
    .map(({ config, remoteTs }) => [config.name, ...remoteTs.map(formatTrafficSelector)].join(' '))
    .toSorted();
const BOTH = ['net 10.1.0.0/24', 'net 2 10.1.1.0/24'];

const asked = (pair: Ikev2Pair): number =>
  pair.drawing.messages.filter(
    ({ direction, message }) =>
      direction === 'I -> R' &&
      message.header.exchange === ExchangeType.CREATE_CHILD_SA &&
      !message.header.response,
  ).length;

/** Two Child SAs stand, and nothing is drawn. */
function both(options: PairOptions = SUBNETS): Ikev2Pair {
  const pair = standing(options).run(1_000);
  expect(networks(pair)).toEqual(BOTH);
  pair.drawing.clear();
  return pair;
}

const gatewayDeletes = (pair: Ikev2Pair, at: number): Ikev2Pair =>
  pair.do((now) => pair.responder.delete(now, spiOf(pair, 'responder', at)));

describe('one of two Child SAs', () => {
  it.each([0, 1])('number %i, deleted by the gateway: there again within two seconds', (at) => {
    const pair = gatewayDeletes(both(), at);
    pair.run(200);
    expect(networks(pair)).toHaveLength(1);
    pair.run(1_800);
    expect(networks(pair)).toEqual(BOTH);
    expect(asked(pair)).toBe(1);
    expect(disagreements(pair)).toEqual([]);
  });

  it('at its lifetime, where nobody rekeys: there again', () => {
    const lifetime = { ...SECOND, lifetimeSec: 100 };
    const pair = both({ initiator: { ...SUBNETS.initiator, furtherChildren: [lifetime] } });
    pair.run(110_000);
    expect(pair.events.initiator.of('child-removed')).toMatchObject([{ reason: 'expired' }]);
    expect(networks(pair)).toEqual(BOTH);
    expect(disagreements(pair)).toEqual([]);
  });

  it('that the gateway makes again by itself: not made a second time', () => {
    const pair = gatewayDeletes(both(), 1).run(100);
    const child = { ...SECOND, localTs: ts('10.1.1.0/24'), remoteTs: ts('0.0.0.0/0') };
    pair.do((now) => pair.responder.createChild(now, child)).run(10_000);
    expect(asked(pair)).toBe(0);
    expect(pair.initiator.life.sa.children.size).toBe(2);
    expect(disagreements(pair)).toEqual([]);
  });

  it('that the gateway deletes as often as it is made: asked for ever more seldom, and soon again after it has held', () => {
    const pair = both();
    let made = 0;
    const end = pair.now + 600_000;
    while (pair.now < end) {
      if (pair.responder.life.sa.children.size === 2) {
        gatewayDeletes(pair, 1);
        made++;
      }
      pair.run(100);
    }
    // 1, 2, 4 … 60 seconds, each a quarter more or less.
    expect(made).toBeGreaterThan(10);
    expect(made).toBeLessThan(22);
    pair.run(180_000);
    expect(networks(pair)).toEqual(BOTH);
    gatewayDeletes(pair, 1).run(2_000);
    expect(networks(pair)).toEqual(BOTH);
  });

  it('that the gateway refuses: told each time, asked again later, and taken when it is granted', () => {
    const pair = gatewayDeletes(both(), 1);
    const granting = pair.responder.life.sa.config.maxChildSas;
    Object.assign(pair.responder.life.sa.config, { maxChildSas: 1 });
    pair.run(60_000);
    const refused = pair.events.initiator.of('refused');
    expect(refused.length).toBeGreaterThan(3);
    expect(refused.length).toBeLessThan(9);
    expect(refused[0]).toMatchObject({
      what: 'child',
      name: 'net 2',
      failure: { notify: 'NO_ADDITIONAL_SAS' },
    });
    expect(refused[0]?.retryAt).toBeGreaterThan(pair.now - 60_000);
    expect(pair.events.initiator.of('reauthentication-needed')).toEqual([]);
    Object.assign(pair.responder.life.sa.config, { maxChildSas: granting });
    pair.run(65_000);
    expect(networks(pair)).toEqual(BOTH);
  });

  it('whose IKE SA is rekeyed before its turn comes: under the new one', () => {
    const pair = gatewayDeletes(both(), 1).run(100);
    rekeyIke(pair, 'responder').run(3_000);
    expect(networks(pair)).toEqual(BOTH);
    expect(disagreements(pair)).toEqual([]);
  });

  it('that we deleted ourselves stays away, and so does one at the gateway', () => {
    const pair = both();
    pair.do((now) => pair.initiator.delete(now, spiOf(pair, 'initiator', 1))).run(120_000);
    expect(networks(pair)).toEqual(['net 10.1.0.0/24']);
    expect(asked(pair)).toBe(0);
    expect(disagreements(pair)).toEqual([]);
  });
});

it('the only Child SA is left to whoever drives us', () => {
  const pair = standing();
  pair.do((now) => pair.responder.delete(now, spiOf(pair, 'responder'))).run(60_000);
  expect(pair.initiator.life.sa.children.size).toBe(0);
  expect(asked(pair)).toBe(0);
});
