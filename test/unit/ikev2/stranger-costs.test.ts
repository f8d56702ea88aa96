/**
 * What a peer that has proven nothing may cost a responder, in memory and in work (RFC 7296 §2.6, RFC 8019 §2).
 * endpoint.test.ts has the bounds of many strangers together; here is what a single one can do.
 */
import { describe, expect, it } from 'vitest';
import { createConnection } from '#core/ikev2/connection.ts';
import type { Datagram, InitiatorConfig } from '#core/ikev2/connection-types.ts';
import { Endpoint, ENDPOINT_DEFAULTS, type EndpointOptions } from '#core/ikev2/endpoint.ts';
import { decodeMessage, encodeMessage } from '#core/ikev2/message.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { Forge } from '#test/harness/ikev2-forge.ts';
import {
  Ikev2Pair,
  initiatorConfig,
  pathTo,
  RESPONDER_ADDRESS,
  responderConfig,
} from '#test/harness/ikev2-pair.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

const PATH = {
  local: { address: RESPONDER_ADDRESS, port: 500 },
  remote: { address: '203.0.113.66', port: 500 },
};

function firstRequest(seed: number, overrides: Partial<InitiatorConfig> = {}): Uint8Array {
  const connection = createConnection({ ...initiatorConfig(seededRandom(seed)), ...overrides });
  connection.initiate(0, pathTo(500));
  return connection.pollTransmit(0)?.bytes ?? new Uint8Array(0);
}

/** An endpoint that counts its draws of randomness: each key exchange takes one, and each SPI and nonce. */
function counting(options: Partial<EndpointOptions> = {}) {
  const random = seededRandom(99);
  const drawn = { times: 0 };
  const config = responderConfig({
    ...random,
    bytes: (length) => {
      drawn.times++;
      return random.bytes(length);
    },
  });
  const endpoint = new Endpoint({ ...ENDPOINT_DEFAULTS, ...options, config });
  const hand = (bytes: Uint8Array): Datagram[] => {
    endpoint.handleDatagram(0, bytes, PATH);
    const answers: Datagram[] = [];
    for (let answer = endpoint.pollTransmit(0); answer; answer = endpoint.pollTransmit(0))
      answers.push(answer);
    return answers;
  };
  return { endpoint, drawn, hand };
}

const changed = (bytes: Uint8Array, payload: Payload): Uint8Array => {
  const decoded = decodeMessage(bytes);
  if (decoded.outcome !== 'ok') throw new Error('not a message');
  return encodeMessage(decoded.message.header, [...decoded.message.payloads, payload]);
};

describe('before the key exchange', () => {
  it('a request without a cookie costs no key exchange and no memory, however often it comes', () => {
    const { endpoint, drawn, hand } = counting({ cookieThreshold: 0 });
    hand(firstRequest(1));
    const secret = drawn.times;
    for (let seed = 2; seed < 200; seed++) expect(hand(firstRequest(seed))).toHaveLength(1);
    expect(drawn.times).toBe(secret);
    expect([endpoint.halfOpen, endpoint.connections.length]).toEqual([0, 0]);
    expect(endpoint.pollTimeout()).toBeUndefined();
  });

  it('the answer is never longer than the request: nobody is flooded through us', () => {
    const { hand } = counting({ cookieThreshold: 0 });
    const request = firstRequest(1);
    const [answer] = hand(request);
    expect(answer?.bytes.length).toBeLessThan(request.length);
  });

  it('the same request again costs no second key exchange', () => {
    const { endpoint, drawn, hand } = counting();
    const request = firstRequest(1);
    const [first] = hand(request);
    const before = drawn.times;
    for (let i = 0; i < 50; i++) expect(hand(request)[0]?.bytes).toEqual(first?.bytes);
    expect(drawn.times).toBe(before);
    expect(endpoint.halfOpen).toBe(1);
  });

  it('another one under its SPI is another client, of whom an address has so many', () => {
    const { endpoint, drawn, hand } = counting();
    const request = firstRequest(1);
    hand(request);
    const each = drawn.times;
    for (let i = 0; i < 50; i++) hand(changed(request, { kind: 'V', data: Uint8Array.of(i) }));
    const most = ENDPOINT_DEFAULTS.maxHalfOpenPerAddress;
    expect(endpoint.halfOpen).toBe(most);
    expect(drawn.times).toBe(each * most);
    expect(endpoint.counters.refused).toBe(51 - most);
  });
});

describe('after the key exchange, before any proof', () => {
  /** The responder is keyed, and the true client never says anything more. */
  function keyed(): { readonly pair: Ikev2Pair; readonly forge: Forge } {
    const pair = new Ikev2Pair().initiate();
    pair.link.tamper = (flying) => (flying.source.address === RESPONDER_ADDRESS ? [] : [flying]);
    pair.run(20);
    if (pair.responder.state !== 'ike-auth') throw new Error(`the responder is ${pair.responder.state}`);
    return { pair, forge: new Forge(pair) };
  }

  it('forged messages are not kept and not answered', () => {
    const { pair, forge } = keyed();
    const before = pair.world.sent.length;
    const place = { exchange: ExchangeType.IKE_AUTH, response: false, messageId: 1 };
    for (let i = 0; i < 200; i++) {
      const bytes = forge.make('I -> R', place, [{ kind: 'NONCE', data: new Uint8Array(32) }]);
      bytes[bytes.length - 1 - (i % 16)] = (bytes[bytes.length - 1 - (i % 16)] ?? 0) ^ 1;
      forge.deliver('I -> R', bytes);
    }
    expect(pair.world.sent).toHaveLength(before);
    expect(pair.responder.life.sa.incomplete.requests.bytes).toBe(0);
    expect(pair.responder.counters.unauthenticated).toBe(200);
    expect(pair.responder.state).toBe('ike-auth');
  });

  it('authentic fragments of messages that never end take one message of 64 KiB at most, and go with the SA', () => {
    const { pair, forge } = keyed();
    const { requests } = pair.responder.life.sa.incomplete;
    const octets: Payload = { kind: 'V', data: new Uint8Array(60_000) };
    for (let messageId = 1; messageId < 20; messageId++) {
      const place = { exchange: ExchangeType.IKE_AUTH, response: false, messageId };
      const pieces = forge.makeWithin('I -> R', place, [octets, octets], 1_200);
      for (const piece of pieces.slice(1)) forge.deliver('I -> R', piece);
      expect(requests.bytes).toBeLessThanOrEqual(65_536);
    }
    pair.run(31_000);
    expect(pair.responder.state).toBe('closed');
    expect(requests.bytes).toBe(0);
    expect(pair.responder.life.sa.keys).toBeUndefined();
  });

  it('vendor IDs are kept up to 32', () => {
    const pair = new Ikev2Pair({
      initiator: { vendorIds: Array.from({ length: 60 }, (_, i) => Uint8Array.of(i)) },
    }).connect();
    expect(pair.responder.life.sa.peerVendorIds).toHaveLength(32);
  });
});
