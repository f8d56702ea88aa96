/** Additional key exchanges before IKE_AUTH: IKE_INTERMEDIATE (RFC 9242, RFC 9370 §2.2.2), with ML-KEM. */
import { describe, expect, it } from 'vitest';
import { toHex } from '#core/bytes/bytes.ts';
import { describeIkeSuite } from '#core/crypto/suite.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { esp, ike, Ikev2Pair, type PairOptions } from '#test/harness/ikev2-pair.ts';

const HYBRID = 'aes256gcm16-prfsha256-curve25519-ke1_mlkem768';
const hybrid = (options: PairOptions = {}, proposals = ike(HYBRID)): Ikev2Pair =>
  new Ikev2Pair({
    ...options,
    initiator: { proposals, ...options.initiator },
    responder: { proposals, ...options.responder },
  });

const suiteOf = (pair: Ikev2Pair): string | undefined => {
  const [event] = pair.events.initiator.of('ike-established');
  return event && describeIkeSuite(event.suite);
};

const AUTH = [
  'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}',
  'R -> I: HDR, SK {IDr, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}',
];

describe('one additional key exchange', () => {
  it('goes between IKE_SA_INIT and IKE_AUTH', () => {
    const pair = hybrid().connect();
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED)',
      'R -> I: HDR, SAr1, KEr, Nr, N(INTERMEDIATE_EXCHANGE_SUPPORTED)',
      'I -> R: HDR, SKF {1/2}',
      'I -> R: HDR, SKF {2/2: KEi}',
      'R -> I: HDR, SK {KEr}',
      ...AUTH,
    ]);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
    expect(suiteOf(pair)).toBe(HYBRID);
    expect(pair.events.initiator.of('progress').map(({ detail }) => detail)).toEqual([
      'IKE_SA_INIT to 198.51.100.1:500',
      'IKE_INTERMEDIATE to 198.51.100.1:4500',
      'IKE_AUTH to 198.51.100.1:4500',
    ]);
  });

  it('gives both ends other keys than those of IKE_SA_INIT, and the Child SA descends from them', () => {
    const pair = hybrid().connect();
    const keysOf = (end: 'initiator' | 'responder', name: string) =>
      pair.keyLog[end]
        .filter(({ kind }) => kind === 'ike')
        .map(({ fields }) => toHex(fields[name] as Uint8Array));
    for (const name of ['skD', 'skEi', 'skEr', 'skPi', 'skPr']) {
      const [first, second, ...more] = keysOf('initiator', name);
      expect(more).toEqual([]);
      expect(first).not.toBe(second);
      expect(keysOf('responder', name)).toEqual([first, second]);
    }
    const [atI] = pair.events.initiator.of('child-installed');
    const [atR] = pair.events.responder.of('child-installed');
    expect(atI?.child.keysIn).toEqual(atR?.child.keysOut);
  });

  it('is fragmented where it is large, in both directions', () => {
    const large = ike('aes256gcm16-prfsha256-curve25519-ke1_mlkem1024');
    const pair = hybrid({ initiator: { fragmentBytes: 576 }, responder: { fragmentBytes: 576 } }, large);
    pair.connect();
    const fragments = pair.drawing.lines.filter((line) => /SKF {\d\/4/.test(line));
    expect(fragments).toHaveLength(8);
    expect(pair.initiator.state).toBe('established');
  });

  it('goes whole where one end takes no fragments', () => {
    const pair = hybrid({ responder: { fragmentBytes: 0 } }).connect();
    expect(pair.drawing.lines.slice(2, 4)).toEqual(['I -> R: HDR, SK {KEi}', 'R -> I: HDR, SK {KEr}']);
    expect(pair.initiator.state).toBe('established');
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('survives a link that loses and repeats (%s)', (seed) => {
    const pair = hybrid({
      seed,
      link: { loss: 0.3, duplicate: 0.3, jitterMs: 400 },
      initiator: { fragmentBytes: 576 },
      responder: { fragmentBytes: 576 },
    }).connect();
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
  });
});

describe('several', () => {
  const proposals = ike('aes256-sha256-ecp256-ke1_mlkem512-ke3_curve25519-ke2_none-ke7_mlkem1024');

  it('come one after another', () => {
    const pair = hybrid({}, proposals).connect();
    expect(suiteOf(pair)).toBe('aes256-sha256-ecp256-ke1_mlkem512-ke3_curve25519-ke7_mlkem1024');
    const asked = pair.drawing.messages.filter(
      ({ direction, message }) =>
        direction === 'I -> R' && message.header.exchange === ExchangeType.IKE_INTERMEDIATE,
    );
    expect(asked.map(({ message }) => message.header.messageId)).toEqual([1, 2, 3]);
    expect(asked.map(({ message }) => message.payloads.find(({ kind }) => kind === 'KE'))).toMatchObject([
      { group: 35 },
      { group: 31 },
      { group: 37 },
    ]);
    expect(pair.keyLog.initiator.filter(({ kind }) => kind === 'ike')).toHaveLength(4);
  });
});

describe('a choice of the gateway', () => {
  const offer = ike(HYBRID, 'aes256gcm16-prfsha256-curve25519');

  it('without it everything is as before', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: offer } }).connect();
    expect(pair.drawing.lines.slice(1)).toEqual(['R -> I: HDR, SAr1, KEr, Nr', ...AUTH]);
    expect(suiteOf(pair)).toBe('aes256gcm16-prfsha256-curve25519');
  });

  it('with it the first proposal is taken', () => {
    const pair = new Ikev2Pair({
      initiator: { proposals: offer },
      responder: { proposals: offer },
    }).connect();
    expect(suiteOf(pair)).toBe(HYBRID);
  });

  it('an optional one may be left out', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: ike(`${HYBRID}-ke1_none`) } }).connect();
    expect(suiteOf(pair)).toBe('aes256gcm16-prfsha256-curve25519');
  });

  it('a demanded one that the gateway lacks ends with what was wanted', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: ike(HYBRID) } }).connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'no-proposal', wanted: [HYBRID] });
  });

  it('a Child SA of the first exchange has none of its own', () => {
    const child = { proposals: esp('aes256gcm16-ecp256-ke1_mlkem768') };
    const pair = hybrid({ initiator: { child }, responder: { child } }).connect();
    const [installed] = pair.events.initiator.of('child-installed');
    expect(installed?.child.suite).not.toHaveProperty('keyExchange');
    expect(installed?.child.suite).not.toHaveProperty('additional');
  });
});
