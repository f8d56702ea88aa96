/** The responder's door: routing, cookies, bounds on strangers, INITIAL_CONTACT (RFC 7296 §1.5, §2.4, §2.6, §2.21.4). */
import { describe, expect, it } from 'vitest';
import { toHex } from '#core/bytes/bytes.ts';
import { createConnection } from '#core/ikev2/connection.ts';
import { CookieJar } from '#core/ikev2/endpoint-cookie.ts';
import { decodeMessage, encodeMessage } from '#core/ikev2/message.ts';
import type { IkeHeader, Message } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { EndpointScene } from '#test/harness/ikev2-endpoint.ts';
import { id, ike, initiatorConfig, pathTo } from '#test/harness/ikev2-pair.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

const header = (change: Partial<IkeHeader> = {}): IkeHeader => ({
  spiI: new Uint8Array(8).fill(1),
  spiR: new Uint8Array(8).fill(2),
  majorVersion: 2,
  minorVersion: 0,
  exchange: ExchangeType.INFORMATIONAL,
  fromInitiator: true,
  versionFlag: false,
  response: false,
  messageId: 7,
  ...change,
});

const read = (bytes: Uint8Array | undefined): Message => {
  const decoded = decodeMessage(bytes ?? new Uint8Array(0));
  if (decoded.outcome !== 'ok') throw new Error(decoded.outcome);
  return decoded.message;
};

/** The first message of some initiator; `seed` makes another one. */
const firstRequest = (seed: number): Uint8Array => {
  const connection = createConnection(initiatorConfig(seededRandom(seed)));
  connection.initiate(0, pathTo(500));
  return connection.pollTransmit(0)?.bytes ?? new Uint8Array(0);
};

const jar = () => new CookieJar(seededRandom(4).bytes);

describe('routing', () => {
  it('serves several initiators at once, each with its own events', () => {
    const scene = new EndpointScene({
      initiators: [1, 2, 3].map((n) => ({ localId: id(`user${n}@example.org`) })),
    });
    for (const i of [0, 1, 2]) scene.initiate(i);
    scene.run(1_000);
    expect(scene.clients.map(({ connection }) => connection.state)).toEqual(Array(3).fill('established'));
    expect(scene.endpoint.connections).toHaveLength(3);
    for (const type of ['ike-established', 'config', 'child-installed', 'path'] as const) {
      expect(new Set(scene.eventsOf(type).map(({ connection }) => connection)).size).toBe(3);
    }
    expect(scene.endpoint.halfOpen).toBe(0);
  });

  it('a repeated IKE_SA_INIT finds its connection', () => {
    const scene = new EndpointScene({ link: { duplicate: 1 } }).connect(0);
    expect(scene.endpoint.connections).toHaveLength(1);
    const request = firstRequest(99);
    const [first] = scene.stranger(request);
    const [second] = scene.stranger(request);
    expect(second?.bytes).toEqual(first?.bytes);
    expect(scene.endpoint.connections).toHaveLength(2);
  });

  it('a late IKE_SA_INIT of an established SA makes no new one', () => {
    const scene = new EndpointScene().connect(0);
    const [init] = scene.world.sent;
    expect(scene.stranger(init?.datagram.bytes ?? new Uint8Array(0), '192.0.2.10')).toEqual([]);
    expect(scene.endpoint.connections).toHaveLength(1);
  });

  it('commands go through the endpoint', () => {
    const scene = new EndpointScene().connect(0);
    const [connection] = scene.endpoint.connections;
    if (connection === undefined) throw new Error('no connection');
    scene.endpoint.command(scene.world.now, connection, (it) => it.delete(scene.world.now));
    scene.world.flush();
    scene.run(1_000);
    expect(scene.client(0).events.failure).toMatchObject({ cause: 'closed-by-peer' });
    expect(scene.eventsOf('closed')).toHaveLength(1);
    expect(scene.endpoint.connections).toEqual([]);
  });

  it('forgets a closed connection after a while, and all its traces', () => {
    const scene = new EndpointScene().connect(0);
    const { connection } = scene.client(0);
    connection.delete(scene.world.now);
    scene.world.flush();
    scene.run(1_000);
    const deletion = scene.world.sent.findLast(({ from }) => from === '192.0.2.10')?.datagram.bytes;
    expect(scene.stranger(deletion ?? new Uint8Array(0), '192.0.2.10')).toHaveLength(1);
    scene.run(40_000);
    expect(scene.endpoint.pollTimeout()).toBeUndefined();
    scene.stranger(deletion ?? new Uint8Array(0), '192.0.2.10');
    expect(scene.hints).toEqual(['INVALID_IKE_SPI']);
  });

  it('a refused initiator leaves nothing behind but an event', () => {
    const scene = new EndpointScene({ initiators: [{ proposals: ike('aes128-sha1-modp2048') }] }).connect(0);
    expect(scene.hints[0]).toBe('NO_PROPOSAL_CHOSEN');
    expect(scene.endpoint.connections).toEqual([]);
    expect(scene.endpoint.halfOpen).toBe(0);
    expect(scene.endpoint.pollTimeout()).toBeUndefined();
    expect(scene.eventsOf('progress')[0]?.event).toMatchObject({
      detail: expect.stringContaining('NO_PROPOSAL_CHOSEN'),
    });
  });

  it('INVALID_KE_PAYLOAD and COOKIE together', () => {
    const scene = new EndpointScene({
      endpoint: { cookieThreshold: 0 },
      initiators: [{ proposals: ike('aes256gcm16-prfsha256-curve25519-ecp256') }],
      responder: { proposals: ike('aes256gcm16-prfsha256-ecp256') },
    }).connect(0);
    expect(scene.client(0).connection.state).toBe('established');
    expect(scene.hints).toEqual(['COOKIE', 'INVALID_KE_PAYLOAD']);
  });
});

describe('strangers', () => {
  it('unknown SPIs are answered with INVALID_IKE_SPI: same SPIs, ID and exchange', () => {
    const scene = new EndpointScene();
    const [answer] = scene.stranger(encodeMessage(header(), []));
    const { header: heard, payloads } = read(answer?.bytes);
    expect(heard).toEqual({ ...header(), response: true, fromInitiator: false });
    expect(payloads).toMatchObject([{ kind: 'N', type: NotifyType.INVALID_IKE_SPI }]);
    expect(scene.endpoint.counters.unknownSpi).toBe(1);
  });

  it('an answer with unknown SPIs gets silence', () => {
    const scene = new EndpointScene();
    expect(scene.stranger(encodeMessage(header({ response: true }), []))).toEqual([]);
  });

  it('are not answered more than ten times a second', () => {
    const scene = new EndpointScene();
    const count = () =>
      Array.from({ length: 100 }, () => scene.stranger(encodeMessage(header(), []))).flat().length;
    expect(count()).toBe(10);
    scene.run(500);
    expect(count()).toBe(5);
  });

  it('a higher version is told ours', () => {
    const scene = new EndpointScene();
    const request = encodeMessage(
      header({ exchange: ExchangeType.IKE_SA_INIT, spiR: new Uint8Array(8) }),
      [],
    );
    request[17] = 0x30;
    const { header: heard, payloads } = read(scene.stranger(request)[0]?.bytes);
    expect(heard.majorVersion).toBe(2);
    expect(payloads).toMatchObject([{ type: NotifyType.INVALID_MAJOR_VERSION }]);
  });

  it.each([
    ['short', new Uint8Array(27)],
    ['empty', new Uint8Array(0)],
    ['a NAT keepalive', Uint8Array.of(0xff)],
    ['of version 1', encodeMessage(header(), []).map((octet, i) => (i === 17 ? 0x10 : octet))],
    ['from a responder', encodeMessage(header({ fromInitiator: false }), [])],
  ])('what is %s gets silence and a counter', (_name, bytes) => {
    const scene = new EndpointScene();
    expect(scene.stranger(bytes)).toEqual([]);
    expect(scene.endpoint.counters.malformed).toBe(1);
    expect(scene.endpoint.connections).toEqual([]);
  });

  it('a malformed first request makes no connection', () => {
    const scene = new EndpointScene();
    scene.stranger(firstRequest(1).subarray(0, 60));
    expect(scene.endpoint.connections).toEqual([]);
  });
});

describe('bounds', () => {
  it('half-open SAs of one address', () => {
    const scene = new EndpointScene({ endpoint: { maxHalfOpenPerAddress: 3, cookieThreshold: 1_000 } });
    for (let seed = 0; seed < 10; seed++) scene.stranger(firstRequest(seed));
    expect(scene.endpoint.halfOpen).toBe(3);
    expect(scene.endpoint.counters.refused).toBe(7);
    expect(scene.stranger(firstRequest(50), '203.0.113.67')).toHaveLength(1);
  });

  it('half-open SAs in all', () => {
    const scene = new EndpointScene({ endpoint: { maxHalfOpen: 4, cookieThreshold: 1_000 } });
    for (let seed = 0; seed < 10; seed++) scene.stranger(firstRequest(seed), `203.0.113.${seed}`);
    expect(scene.endpoint.halfOpen).toBe(4);
    expect(scene.endpoint.counters.refused).toBe(6);
  });

  it('half-open SAs end in time, and make room', () => {
    const scene = new EndpointScene({ endpoint: { maxHalfOpen: 1, halfOpenMs: 5_000 } });
    scene.stranger(firstRequest(1));
    scene.run(5_001);
    expect(scene.endpoint.halfOpen).toBe(0);
    expect(scene.eventsOf('closed')[0]?.event).toEqual({
      type: 'closed',
      failure: { cause: 'timeout', seconds: 5 },
    });
    expect(scene.stranger(firstRequest(2))).toHaveLength(1);
    scene.run(60_000);
    expect(scene.endpoint.pollTimeout()).toBeUndefined();
  });

  it('cookies are asked for from the threshold on, and cost no memory', () => {
    const scene = new EndpointScene({ endpoint: { cookieThreshold: 2, maxHalfOpenPerAddress: 100 } });
    for (let seed = 0; seed < 10; seed++) scene.stranger(firstRequest(seed));
    expect(scene.endpoint.halfOpen).toBe(2);
    expect(scene.endpoint.counters.cookiesSent).toBe(8);
    // An honest initiator still gets in.
    scene.connect(0);
    expect(scene.client(0).connection.state).toBe('established');
  });
});

describe('cookies', () => {
  const subject = {
    nonceI: new Uint8Array(32).fill(3),
    address: '192.0.2.1',
    spiI: new Uint8Array(8).fill(4),
  };

  it('have a size that every implementation takes (§2.6: 1 to 64 octets)', () => {
    expect(jar().bake(0, subject)).toHaveLength(33);
  });

  it('are bound to nonce, address and SPI', () => {
    const cookies = jar();
    const cookie = cookies.bake(0, subject);
    expect(cookies.accepts(10, cookie, subject)).toBe(true);
    expect(cookies.accepts(10, cookie, { ...subject, nonceI: new Uint8Array(32) })).toBe(false);
    expect(cookies.accepts(10, cookie, { ...subject, address: '192.0.2.2' })).toBe(false);
    expect(cookies.accepts(10, cookie, { ...subject, spiI: new Uint8Array(8) })).toBe(false);
    expect(
      jar().accepts(
        10,
        cookie.map((octet) => octet ^ 1),
        subject,
      ),
    ).toBe(false);
    expect(cookies.accepts(10, new Uint8Array(0), subject)).toBe(false);
  });

  it('outlive one rotation of the secret and not two', () => {
    const cookies = jar();
    const cookie = cookies.bake(59_999, subject);
    expect(cookies.accepts(60_001, cookie, subject)).toBe(true);
    expect(cookies.accepts(119_999, cookie, subject)).toBe(true);
    expect(cookies.accepts(120_001, cookie, subject)).toBe(false);
    expect(toHex(cookies.bake(120_001, subject))).not.toBe(toHex(cookie));
  });

  it('a forged one is answered with a real one', () => {
    const scene = new EndpointScene({ endpoint: { cookieThreshold: 0 } });
    const { header: first, payloads } = read(firstRequest(1));
    const forged = {
      kind: 'N',
      type: NotifyType.COOKIE,
      protocol: 0,
      spi: new Uint8Array(0),
      data: new Uint8Array(33),
    } as const;
    const [answer] = scene.stranger(encodeMessage(first, [forged, ...payloads]));
    expect(read(answer?.bytes).payloads).toMatchObject([{ kind: 'N', type: NotifyType.COOKIE }]);
    expect(scene.endpoint.halfOpen).toBe(0);
  });
});

describe('INITIAL_CONTACT (§2.4)', () => {
  it('ends the older SAs of the same identity, and says why', () => {
    const scene = new EndpointScene({ initiators: [{}, {}, { localId: id('bob@example.org') }] });
    scene.connect(0).connect(2).connect(1);
    expect(scene.endpoint.connections).toHaveLength(2);
    const [closed, ...more] = scene.eventsOf('closed');
    expect(more).toEqual([]);
    expect(toHex(closed?.connection.spiI ?? new Uint8Array(0))).toBe(toHex(scene.client(0).connection.spiI));
    expect(closed?.event).toMatchObject({ failure: { cause: 'closed-by-peer' } });
    expect(scene.client(2).connection.state).toBe('established');
  });

  it('that is not sent leaves them alone', () => {
    const scene = new EndpointScene({ initiators: [{}, { initialContact: false }] });
    scene.connect(0).connect(1);
    expect(scene.endpoint.connections).toHaveLength(2);
  });

  it('of somebody who does not know the key ends nothing', () => {
    const scene = new EndpointScene({
      initiators: [{}, { authentication: { method: 'psk', psk: new Uint8Array(8) } }],
    });
    scene.connect(0).connect(1);
    expect(scene.endpoint.connections).toHaveLength(1);
    expect(scene.client(0).connection.state).toBe('established');
  });
});
