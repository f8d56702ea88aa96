/** NAT detection, port 4500, UDP encapsulation, keepalives, a NAT that forgets (RFC 7296 §2.23, RFC 3948). */
import { describe, expect, it } from 'vitest';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { Ikev2Pair, INITIATOR_ADDRESS, pathTo, RESPONDER_ADDRESS } from '#test/harness/ikev2-pair.ts';

const OUTSIDE = '203.0.113.9';
const NAT_AT_INITIATOR = { inside: INITIATOR_ADDRESS, outside: OUTSIDE } as const;

const pathsOf = (pair: Ikev2Pair, end: 'initiator' | 'responder') =>
  pair.events[end].of('path').map(({ path, nat }) => ({
    local: `${path.local.address}:${path.local.port}`,
    remote: `${path.remote.address}:${path.remote.port}`,
    nat,
  }));

const encapsulations = (pair: Ikev2Pair): (string | undefined)[] => [
  pair.events.initiator.of('child-installed')[0]?.child.encapsulation,
  pair.events.responder.of('child-installed')[0]?.child.encapsulation,
];

const keepalives = (pair: Ikev2Pair) => pair.world.sent.filter(({ datagram }) => datagram.keepalive === true);

describe('without a NAT', () => {
  it.each([
    ['stays on port 500 without MOBIKE', false, 500],
    ['moves to port 4500 with MOBIKE (RFC 4555 §3.3)', true, 4500],
  ])('%s, with bare ESP, and sends no keepalives', (_name, mobike, port) => {
    const pair = new Ikev2Pair({
      initiator: { livenessSec: 0, mobike },
      responder: { livenessSec: 0 },
    }).connect();
    const nat = { local: false, remote: false };
    expect(pathsOf(pair, 'initiator')).toEqual([
      { local: `192.0.2.10:${port}`, remote: `198.51.100.1:${port}`, nat },
    ]);
    expect(pathsOf(pair, 'responder')).toEqual([
      { local: `198.51.100.1:${port}`, remote: `192.0.2.10:${port}`, nat },
    ]);
    expect(encapsulations(pair)).toEqual(['none', 'none']);
    pair.run(120_000);
    expect(keepalives(pair)).toEqual([]);
  });

  it('starts on 4500 when told so, and stays there', () => {
    const pair = new Ikev2Pair({ path: pathTo(4500) }).connect();
    expect(pair.world.sent.every(({ datagram }) => datagram.path.remote.port === 4500)).toBe(true);
    expect(encapsulations(pair)).toEqual(['none', 'none']);
  });

  it('keeps ports of its own where only the gateway’s moves', () => {
    const local = { address: INITIATOR_ADDRESS, port: 40_123 };
    const remote = { address: RESPONDER_ADDRESS, port: 500 };
    const pair = new Ikev2Pair({ path: { local, remote }, initiator: { encapsulation: 'force' } }).connect();
    expect(pathsOf(pair, 'initiator')[0]).toMatchObject({
      local: '192.0.2.10:40123',
      remote: '198.51.100.1:4500',
    });
  });
});

describe('a NAT in front of the initiator', () => {
  it('is seen by both; IKE_AUTH goes to 4500, ESP into UDP', () => {
    const pair = new Ikev2Pair({ nat: NAT_AT_INITIATOR }).connect();
    expect(pathsOf(pair, 'initiator')).toEqual([
      { local: '192.0.2.10:4500', remote: '198.51.100.1:4500', nat: { local: true, remote: false } },
    ]);
    expect(pathsOf(pair, 'responder')).toEqual([
      { local: '198.51.100.1:4500', remote: `${OUTSIDE}:24500`, nat: { local: false, remote: true } },
    ]);
    expect(pair.world.sent.map(({ datagram }) => datagram.path.remote.port)).toEqual([
      500, 20_500, 4500, 24_500,
    ]);
    expect(encapsulations(pair)).toEqual(['udp', 'udp']);
  });

  it('is kept open by one octet every natKeepaliveSec, from our side only', () => {
    const pair = new Ikev2Pair({
      nat: NAT_AT_INITIATOR,
      initiator: { natKeepaliveSec: 20, livenessSec: 0 },
      responder: { livenessSec: 0 },
    }).connect();
    pair.run(61_000);
    expect(keepalives(pair)).toHaveLength(3);
    for (const { from, datagram } of keepalives(pair)) {
      expect(from).toBe(INITIATOR_ADDRESS);
      expect(datagram).toEqual({
        path: pair.events.initiator.of('path')[0]?.path,
        bytes: Uint8Array.of(0xff),
        keepalive: true,
      });
    }
  });

  it('is not kept open when the profile says 0', () => {
    const pair = new Ikev2Pair({ nat: NAT_AT_INITIATOR, initiator: { natKeepaliveSec: 0 } }).connect();
    pair.run(100_000);
    expect(keepalives(pair)).toEqual([]);
  });

  it('that forgets its mapping: the responder follows the next authentic message', () => {
    const pair = new Ikev2Pair({ nat: NAT_AT_INITIATOR }).connect();
    pair.link.rebindNat();
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(pathsOf(pair, 'responder').at(-1)).toMatchObject({ remote: `${OUTSIDE}:25500` });
    pair.drawing.clear();
    pair.do((now) => pair.responder.checkLiveness(now)).run(100);
    expect(pair.drawing.lines).toEqual(['R -> I: HDR, SK {}', 'I -> R: HDR, SK {}']);
  });

  it('is not followed to where a replayed message comes from', () => {
    const pair = new Ikev2Pair({ nat: NAT_AT_INITIATOR }).connect();
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    const request = pair.world.sent.findLast(({ from }) => from === INITIATOR_ADDRESS);
    const attacker = { address: '203.0.113.66', port: 4500 };
    const local = { address: RESPONDER_ADDRESS, port: 4500 };
    pair.do((now) =>
      pair.responder.handleDatagram(now, request?.datagram.bytes ?? new Uint8Array(0), {
        local,
        remote: attacker,
      }),
    );
    expect(pathsOf(pair, 'responder')).toHaveLength(1);
    expect(pair.responder.counters.retransmitsReceived).toBe(1);
  });

  it('an answer goes where the request came from, even where the path is not followed', () => {
    const pair = new Ikev2Pair().connect();
    const forge = new Forge(pair);
    const bytes = forge.make('I -> R', { exchange: 37, response: false, messageId: 2 }, []);
    const elsewhere = { address: '192.0.2.77', port: 4501 };
    pair.do((now) =>
      pair.responder.handleDatagram(now, bytes, {
        local: { address: RESPONDER_ADDRESS, port: 4500 },
        remote: elsewhere,
      }),
    );
    expect(pair.world.sent.at(-1)?.datagram.path.remote).toEqual(elsewhere);
    expect(pathsOf(pair, 'responder')).toHaveLength(1);
  });
});

describe('a NAT in front of the responder', () => {
  it('is seen by both, and the responder keeps it open', () => {
    const remote = { address: OUTSIDE, port: 500 };
    const pair = new Ikev2Pair({
      nat: { inside: RESPONDER_ADDRESS, outside: OUTSIDE, keepPorts: true },
      path: { local: pathTo(500).local, remote },
      initiator: { livenessSec: 0 },
      responder: { livenessSec: 0 },
    }).connect();
    expect(pathsOf(pair, 'initiator')[0]?.nat).toEqual({ local: false, remote: true });
    expect(pathsOf(pair, 'responder')[0]?.nat).toEqual({ local: true, remote: false });
    expect(encapsulations(pair)).toEqual(['udp', 'udp']);
    pair.run(41_000);
    expect(keepalives(pair).map(({ from }) => from)).toEqual([RESPONDER_ADDRESS, RESPONDER_ADDRESS]);
  });
});

describe('forced encapsulation', () => {
  it('makes the peer see a NAT in front of us, tells the truth here, and keeps the flow alive', () => {
    const pair = new Ikev2Pair({
      initiator: { encapsulation: 'force', livenessSec: 0 },
      responder: { livenessSec: 0 },
    }).connect();
    expect(pathsOf(pair, 'initiator')[0]).toEqual({
      local: '192.0.2.10:4500',
      remote: '198.51.100.1:4500',
      nat: { local: false, remote: false },
    });
    expect(pathsOf(pair, 'responder')[0]?.nat).toEqual({ local: false, remote: true });
    expect(encapsulations(pair)).toEqual(['udp', 'udp']);
    pair.run(21_000);
    expect(keepalives(pair)).toHaveLength(1);
  });

  it('by the responder makes the initiator move to 4500', () => {
    const pair = new Ikev2Pair({ responder: { encapsulation: 'force' } }).connect();
    expect(pathsOf(pair, 'initiator')[0]).toMatchObject({
      remote: '198.51.100.1:4500',
      nat: { local: false, remote: true },
    });
    expect(encapsulations(pair)).toEqual(['udp', 'udp']);
  });
});

describe('notifies of an odd peer', () => {
  const { NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP } = NotifyType;
  const natd = new Set<number>([NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP]);

  it('several sources, one of which fits, are no NAT', () => {
    const pair = new Ikev2Pair();
    new Forge(pair).rewrite(({ header, payloads }) =>
      header.response
        ? [
            ...payloads.slice(0, 3),
            notifyPayload(NAT_DETECTION_SOURCE_IP, new Uint8Array(20)),
            ...payloads.slice(3),
          ]
        : undefined,
    );
    pair.initiate().run(25);
    expect(pathsOf(pair, 'initiator')[0]?.nat).toEqual({ local: false, remote: false });
  });

  it('none at all: no move, bare ESP', () => {
    const pair = new Ikev2Pair({ nat: NAT_AT_INITIATOR });
    const forge = new Forge(pair);
    pair.link.tamper = (flying) => {
      const message = flying.bytes[18] === 34 ? forge.open('R -> I', flying.bytes) : undefined;
      if (message?.header.response !== true) return [flying];
      const rest = message.payloads.filter((payload) => payload.kind !== 'N' || !natd.has(payload.type));
      const { exchange, response, messageId } = message.header;
      return [{ ...flying, bytes: forge.make('R -> I', { exchange, response, messageId }, rest) }];
    };
    pair.initiate().run(25);
    expect(pathsOf(pair, 'initiator')[0]).toMatchObject({
      remote: '198.51.100.1:500',
      nat: { local: false, remote: false },
    });
  });
});
