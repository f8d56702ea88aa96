/** More Child SAs on demand, one for each network (RFC 7296 §1.3.1): after the first one, each for itself. */
import { describe, expect, it } from 'vitest';
import { formatTrafficSelector } from '#core/ike/traffic-selector.ts';
import type { ChildConfig } from '#core/ikev2/connection-types.ts';
import { find } from '#core/ikev2/payload-access.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { ASSIGNED, esp, Ikev2Pair, ip, type PairOptions, ts } from '#test/harness/ikev2-pair.ts';
import { disagreements, standing } from '#test/harness/ikev2-rekey.ts';

const { CREATE_CHILD_SA } = ExchangeType;

const childFor = (name: string, remote: string): ChildConfig => ({
  name,
  proposals: esp('aes256gcm16'),
  localTs: ts(remote.includes(':') ? '::/0' : '0.0.0.0/0'),
  remoteTs: ts(remote),
  replayWindow: 64,
  hardLimit: {},
});

const SUBNETS: PairOptions = {
  initiator: {
    child: { remoteTs: ts('10.1.0.0/24') },
    furtherChildren: [childFor('net 2', '10.1.1.0/24'), childFor('net 3', 'fd00:1::/80')],
  },
};

const networks = (pair: Ikev2Pair): string[] =>
  pair.events.initiator
    .of('child-installed')
    .map(({ name, child }) => [name, ...child.remoteTs.map((one) => formatTrafficSelector(one))].join(' '));

describe('Child SAs for each network', () => {
  it('are asked for one after another when the first one stands', () => {
    const pair = standing(SUBNETS).run(1_000);
    expect(networks(pair)).toEqual(['net 10.1.0.0/24', 'net 2 10.1.1.0/24', 'net 3 fd00:1::/80']);
    expect(disagreements(pair)).toEqual([]);
  });

  it('ask with the address that was assigned, for gateways that do not narrow', () => {
    const pair = new Ikev2Pair(SUBNETS).connect().run(1_000);
    const [request] = pair.drawing.messages.filter(
      ({ direction, message }) => direction === 'I -> R' && message.header.exchange === CREATE_CHILD_SA,
    );
    const tsi = find(request?.message.payloads ?? [], 'TSi');
    expect(tsi?.selectors.map((one) => formatTrafficSelector(one))).toEqual(['10.9.0.7/32']);
  });

  it('leave out a family in which nothing was assigned', () => {
    const assign = () => ({ ...ASSIGNED, addresses: [{ address: ip('10.9.0.7'), length: 32 }] });
    const pair = standing({ ...SUBNETS, responder: { assign } }).run(1_000);
    expect(networks(pair)).toEqual(['net 10.1.0.0/24', 'net 2 10.1.1.0/24']);
    expect(pair.events.initiator.of('refused')).toEqual([]);
  });

  it('a refusal of one is told by name and leaves the others alone', () => {
    const [second, third] = SUBNETS.initiator?.furtherChildren ?? [];
    if (second === undefined || third === undefined) throw new Error('no children');
    const foreign = { ...second, remoteTs: ts('172.16.0.0/16') };
    const pair = standing({ initiator: { ...SUBNETS.initiator, furtherChildren: [foreign, third] } });
    pair.run(60_000);
    expect(pair.events.initiator.of('refused')).toMatchObject([
      { what: 'child', name: 'net 2', failure: { cause: 'ts-unacceptable', remote: ['172.16.0.0/16'] } },
    ]);
    expect(networks(pair)).toEqual(['net 10.1.0.0/24', 'net 3 fd00:1::/80']);
    expect(disagreements(pair)).toEqual([]);
  });

  it('a gateway that takes one only refuses by name, and the tunnel stays', () => {
    const pair = standing({ ...SUBNETS, responder: { maxChildSas: 1 } }).run(60_000);
    expect(pair.events.initiator.of('refused').map(({ name, failure }) => [name, failure])).toEqual([
      ['net 2', expect.objectContaining({ notify: 'NO_ADDITIONAL_SAS' })],
      ['net 3', expect.objectContaining({ notify: 'NO_ADDITIONAL_SAS' })],
    ]);
    expect(pair.events.initiator.of('reauthentication-needed')).toEqual([]);
    expect(networks(pair)).toEqual(['net 10.1.0.0/24']);
    expect(disagreements(pair)).toEqual([]);
  });

  it('are rekeyed each for itself, with their own networks', () => {
    const pair = standing(SUBNETS).run(1_000);
    const [, second] = pair.events.initiator.of('child-installed');
    pair.do((now) => pair.initiator.rekey(now, { spiIn: second?.child.spiIn ?? 0 })).run(1_000);
    expect(networks(pair).at(-1)).toBe('net 2 10.1.1.0/24');
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.life.sa.children.size).toBe(3);
  });
});
