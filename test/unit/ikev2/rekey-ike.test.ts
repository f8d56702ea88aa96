/** Rekeying of the IKE SA by CREATE_CHILD_SA, by either side (RFC 7296 §1.3.2, §2.8, §2.18). */
import { describe, expect, it } from 'vitest';
import { equal } from '#core/bytes/bytes.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { EndpointScene } from '#test/harness/ikev2-endpoint.ts';
import { ike } from '#test/harness/ikev2-pair.ts';
import { disagreements, reasons, rekeyChild, rekeyIke, spiOf, standing } from '#test/harness/ikev2-rekey.ts';

const BOTH = ['initiator', 'responder'] as const;
const other = { initiator: 'responder', responder: 'initiator' } as const;
const arrows = { initiator: ['I -> R', 'R -> I'], responder: ['R -> I', 'I -> R'] } as const;

describe.each(BOTH)('rekeying of the IKE SA, by the %s', (role) => {
  const [there, back] = arrows[role];

  it('makes new keys under new SPIs, then deletes the old SA', () => {
    const pair = standing();
    const { spiI, spiR } = pair.initiator;
    rekeyIke(pair, role).run(1_000);
    expect(pair.drawing.lines).toEqual([
      `${there}: HDR, SK {SAi2, Ni, KEi}`,
      `${back}: HDR, SK {SAr2, Nr, KEr}`,
      `${there}: HDR, SK {D}`,
      `${back}: HDR, SK {}`,
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(equal(pair.initiator.spiI, spiI)).toBe(false);
    expect(equal(pair.initiator.spiR, spiR)).toBe(false);
    for (const end of BOTH) {
      const [event] = pair.events[end].of('ike-rekeyed');
      expect(event?.spiI).toEqual(pair[role].spiI);
      expect(event?.suite.prf.keyword).toBe('prfsha256');
      expect(pair.events[end].types.slice(-2)).toEqual(['ike-rekeyed', 'ike-removed']);
    }
  });

  it('whoever began it is the initiator of the new SA, and message IDs begin at 0', () => {
    const pair = standing();
    rekeyIke(pair, role).run(1_000);
    pair.drawing.clear();
    rekeyChild(pair, role).run(1_000);
    expect(pair.drawing.lines[0]).toBe(`${there}: HDR', SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}`);
    const headers = pair.drawing.messages.map(({ message }) => message.header);
    expect(headers.map(({ messageId }) => messageId)).toEqual([0, 0, 1, 1]);
    expect(headers.map(({ fromInitiator }) => fromInitiator)).toEqual([true, false, true, false]);
    expect(disagreements(pair)).toEqual([]);
  });

  it('the other side asks under the new SA as well', () => {
    const pair = standing();
    rekeyIke(pair, role).run(1_000);
    pair.drawing.clear();
    rekeyChild(pair, other[role]).run(1_000);
    expect(pair.drawing.lines).toHaveLength(4);
    expect(pair.drawing.messages.every(({ message }) => message.header.exchange >= 36)).toBe(true);
    expect(disagreements(pair)).toEqual([]);
  });

  it('INVALID_KE_PAYLOAD: asks again at once with the group that is wanted', () => {
    const pair = standing({
      [role]: { proposals: ike('aes256gcm16-prfsha256-curve25519-ecp256') },
    });
    const config = pair[other[role]].life.sa.config as { proposals: unknown };
    config.proposals = ike('aes256gcm16-prfsha256-ecp256');
    rekeyIke(pair, role).run(1_000);
    expect(pair.drawing.lines.slice(0, 4)).toEqual([
      `${there}: HDR, SK {SAi2, Ni, KEi}`,
      `${back}: HDR, SK {N(INVALID_KE_PAYLOAD)}`,
      `${there}: HDR, SK {SAi2, Ni, KEi}`,
      `${back}: HDR, SK {SAr2, Nr, KEr}`,
    ]);
    expect(pair[role].life.sa.suite?.keyExchange.keyword).toBe('ecp256');
    expect(disagreements(pair)).toEqual([]);
  });

  it('five times over a rough link: one SA is left, and all Child SAs with it', () => {
    const pair = standing({ link: { loss: 0.2, duplicate: 0.3, jitterMs: 60 } });
    const child = spiOf(pair, 'initiator');
    for (let i = 0; i < 5; i++) rekeyIke(pair, role).run(100_000);
    pair.run(300_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(5);
    expect(spiOf(pair, 'initiator')).toBe(child);
    pair.do((now) => pair[role].delete(now)).run(300_000);
    expect(disagreements(pair)).toEqual([]);
    expect(reasons(pair.events.initiator).length).toBe(1);
  });

  it('wipes the keys of the old SA', () => {
    const pair = standing();
    const keys = BOTH.flatMap((end): Uint8Array[] => Object.values({ ...pair[end].life.sa.keys }));
    expect(keys).toHaveLength(14);
    rekeyIke(pair, role).run(1_000);
    for (const key of keys) expect(key.every((octet) => octet === 0)).toBe(true);
  });

  it('a repeated Delete of the old SA is still answered', () => {
    const pair = standing();
    let dropped = 0;
    pair.link.tamper = (flying) => {
      // The answer to the Delete is the first empty INFORMATIONAL.
      const isAnswer = flying.bytes[18] === ExchangeType.INFORMATIONAL && (flying.bytes[19] ?? 0) & 0x20;
      return isAnswer && dropped++ < 2 ? [] : [flying];
    };
    rekeyIke(pair, role).run(60_000);
    expect(dropped).toBe(3);
    expect(disagreements(pair)).toEqual([]);
  });

  it('a peer that never deletes the old SA: we do', () => {
    const pair = standing();
    rekeyIke(pair, role);
    pair.link.tamper = (flying) => (flying.bytes[18] === ExchangeType.INFORMATIONAL ? [] : [flying]);
    pair.run(200_000);
    pair.link.tamper = (flying) => [flying];
    pair.run(60_000);
    expect(disagreements(pair)).toEqual([]);
    rekeyChild(pair, 'initiator').run(10_000);
    expect(disagreements(pair)).toEqual([]);
  });
});

describe('refusals', () => {
  it('no proposal fits: told, tried again, and the SA ends at its hard lifetime', () => {
    const pair = standing({
      initiator: {
        rekey: { margin: 0.2, jitter: 0.1, retryMs: 1_000, maxRetryMs: 10_000 },
        lifetimeSec: 100,
      },
    });
    const config = pair.responder.life.sa.config as { proposals: unknown };
    config.proposals = ike('aes128gcm16-prfsha256-ecp256');
    pair.run(99_000);
    const refused = pair.events.initiator.of('refused');
    expect(refused.length).toBeGreaterThan(2);
    expect(refused[0]).toMatchObject({ what: 'ike', failure: { cause: 'no-proposal' } });
    expect(pair.initiator.state).toBe('established');
    pair.run(5_000);
    expect(pair.events.initiator.failure).toEqual({ cause: 'expired', lifetimeSec: 100 });
  });
});

describe('at an endpoint', () => {
  it.each(BOTH)('finds the connection under its new SPIs, rekeyed by the %s', (role) => {
    const scene = new EndpointScene({
      initiators: [{ livenessSec: 0 }],
      responder: { livenessSec: 0 },
    }).connect(0);
    const { connection } = scene.client(0);
    const [ours] = scene.endpoint.connections;
    if (ours === undefined) throw new Error('the endpoint has no connection');
    for (let i = 0; i < 3; i++) {
      if (role === 'initiator') connection.rekey(scene.world.now, { ike: true });
      else scene.endpoint.command(scene.world.now, ours, (it) => it.rekey(scene.world.now, { ike: true }));
      scene.world.flush();
      scene.run(1_000);
    }
    expect(connection.spiR).toEqual(ours.spiR);
    connection.checkLiveness(scene.world.now);
    scene.world.flush();
    scene.run(100_000);
    expect(connection.state).toBe('established');
    expect(scene.endpoint.connections).toEqual([ours]);
    expect(scene.endpoint.counters).toMatchObject({ malformed: 0, unknownSpi: 0 });
    connection.delete(scene.world.now);
    scene.world.flush();
    scene.run(60_000);
    expect(scene.endpoint.connections).toEqual([]);
    expect(connection.state).toBe('closed');
  });
});
