/** A gateway that does not answer: when it is asked, when a fresh connection is tried for, what becomes of the old one. */
import { describe, expect, it } from 'vitest';
import { peekHeader } from '#core/ikev2/message.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import type { IkeDatagram } from '#helper/native/data-plane.ts';
import { PROBE_MS, SUSPECT_MS } from '#helper/tunnel/retransmission.ts';
import { connected, GATEWAY, SECOND, type Stage } from '#test/fakes/tunnel-stage.ts';
import { reply } from '#test/fakes/tunnel-world.ts';

/** Packets both ways for so long, the last one just now. */
async function talk({ world, gateway }: Stage, ms: number): Promise<void> {
  for (let spent = 0; spent < ms; spent += 50) {
    world.send();
    reply(gateway);
    await world.clock.advance(50);
  }
}

/** When messages of IKE go out from now on (monotonic). */
function questions({ world }: Stage): readonly number[] {
  const plane = world.planes[0];
  if (!plane) throw new Error('there is no data plane');
  const asked: number[] = [];
  const send = plane.sendIke.bind(plane);
  plane.sendIke = (...datagram) => {
    asked.push(world.clock.now());
    send(...datagram);
  };
  return asked;
}

describe('suspicion', () => {
  it('of a gateway that does not answer our packets: it is asked after one to two seconds', async () => {
    for (const afterMs of [0, 350, 700, 950]) {
      const { world, status } = await connected();
      await world.clock.advance(afterMs);
      const before = status().liveness?.lastProof;
      world.send();
      await world.clock.advance(1000);
      expect(status().liveness?.lastProof).toBe(before);
      await world.clock.advance(1050);
      expect(Date.parse(status().liveness?.lastProof ?? '')).toBeGreaterThan(Date.parse(before ?? ''));
    }
  });

  it('of one that falls silent in the middle of traffic: it is asked after two to three seconds', async () => {
    const stage = await connected();
    const { world, gateway } = stage;
    await talk(stage, 2000);
    gateway.stop();
    const asked = questions(stage);
    const silentSince = world.clock.now();
    for (let tenth = 0; tenth < 31; tenth++) {
      world.send();
      await world.clock.advance(100);
    }
    const waited = (asked[0] ?? 0) - silentSince;
    expect(waited).toBeGreaterThanOrEqual(2000);
    expect(waited).toBeLessThanOrEqual(3000);
  });

  it('of one that lives and has nothing to say: it is asked less and less often, until it speaks', async () => {
    const { world, gateway, status, states } = await connected();
    /** Seconds between the proofs of life while we send all the time. */
    const gaps = async (seconds: number): Promise<number[]> => {
      const proofs: number[] = [];
      for (let tenth = 0; tenth < seconds * 10; tenth++) {
        world.send();
        await world.clock.advance(100);
        const proof = Date.parse(status().liveness?.lastProof ?? '');
        if (proof !== proofs.at(-1)) proofs.push(proof);
      }
      return proofs.slice(1).map((proof, at) => Math.round((proof - (proofs[at] ?? 0)) / 1000));
    };
    const asked = await gaps(60);
    expect(asked[0]).toBeLessThanOrEqual(4);
    expect(asked.at(-1)).toBeGreaterThanOrEqual(10);
    reply(gateway);
    expect((await gaps(10))[1]).toBeLessThanOrEqual(4);
    expect(states).toEqual(['connecting', 'connected']);
  });

  it('of one that has forgotten us: a fresh connection within five seconds of sending in vain', async () => {
    const { world, gateway, status, states, configs } = await connected();
    const before = status();
    gateway.stop();
    gateway.restart();
    for (let tenth = 0; tenth < 50; tenth++) {
      world.send();
      await world.clock.advance(100);
    }
    expect(configs).toHaveLength(2);
    expect(configs[1]?.initialContact).toBe(false);
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(status()).toMatchObject({
      virtualIps: before.virtualIps,
      lastEnd: { failure: { cause: 'peer-dead' } },
    });
    await world.clock.advance(5000);
    expect(status().children).toHaveLength(1);
  });
});

describe('ICMP that calls the gateway unreachable', () => {
  const warn = ({ world }: Stage, address: string = GATEWAY): void =>
    world.opened[0]?.events.onUnreachable?.(address);

  it('makes us ask at once; the answer of a gateway that lives settles it, however often it is said', async () => {
    const stage = await connected();
    const { world, status, states, configs } = stage;
    const proof = (): number => Date.parse(status().liveness?.lastProof ?? '');
    await world.clock.advance(3_000);
    const proofs = new Set([proof()]);
    for (let second = 0; second < 30; second++) {
      warn(stage);
      await world.clock.advance(1_000);
      proofs.add(proof());
    }
    // One question each ten seconds.
    expect(proofs.size).toBe(4);
    expect(states).toEqual(['connecting', 'connected']);
    expect(configs).toHaveLength(1);
  });

  it('of a gateway that is gone: noticed as soon as it has not answered, without a packet of ours', async () => {
    const stage = await connected();
    const { world, gateway, states } = stage;
    gateway.stop();
    await world.clock.advance(2_000);
    warn(stage);
    await world.clock.advance(PROBE_MS - 100);
    expect(states.at(-1)).toBe('connected');
    await world.clock.advance(200);
    expect(states.at(-1)).toBe('reconnecting');
  });

  it('in the middle of traffic: what came before the question is no answer to it', async () => {
    for (const ms of [2000, 2250, 2500, 2750, 2950]) {
      const stage = await connected();
      const { world, gateway, states, status, configs } = stage;
      await talk(stage, ms);
      gateway.stop();
      warn(stage);
      gateway.restart();
      await world.clock.advance(PROBE_MS - 100);
      expect(states).toEqual(['connecting', 'connected']);
      await world.clock.advance(600);
      expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
      expect(status().lastEnd).toMatchObject({ failure: { cause: 'peer-dead' } });
      expect(configs).toHaveLength(2);
    }
  });

  it('and then a packet of the gateway: that is an answer, too, however late it is looked at', async () => {
    for (const ms of [2000, 2250, 2500, 2750, 2950]) {
      const stage = await connected();
      await talk(stage, ms);
      stage.gateway.silent = true;
      warn(stage);
      await stage.world.clock.advance(PROBE_MS - 50);
      reply(stage.gateway);
      await stage.world.clock.advance(1000);
      expect(stage.states).toEqual(['connecting', 'connected']);
    }
  });

  it('while a question is under way that has more time: it has no more than after ICMP', async () => {
    const stage = await connected();
    const { world, gateway, states } = stage;
    gateway.stop();
    const asked = questions(stage);
    world.send();
    while (asked.length === 0) await world.clock.advance(10);
    await world.clock.advance(200);
    warn(stage);
    await world.clock.advance(PROBE_MS - 100);
    expect(states.at(-1)).toBe('connected');
    await world.clock.advance(150);
    expect(states.at(-1)).toBe('reconnecting');
  });

  it('and an answer: silence begins anew with that', async () => {
    for (const ms of [0, 250, 500, 750]) {
      const stage = await connected();
      const { world } = stage;
      const sendFor = async (whole: number): Promise<void> => {
        for (let spent = 0; spent < whole; spent += 50) {
          world.send();
          await world.clock.advance(50);
        }
      };
      await sendFor(700);
      await world.clock.advance(ms);
      warn(stage);
      await world.clock.advance(50);
      const asked = questions(stage);
      await sendFor(1650);
      expect(asked).toEqual([]);
      await sendFor(1400);
      expect(asked).not.toEqual([]);
    }
  });

  it('about another address means nothing', async () => {
    const stage = await connected();
    stage.gateway.stop();
    warn(stage, SECOND);
    await stage.world.clock.advance(10_000);
    expect(stage.states.at(-1)).toBe('connected');
  });
});

describe('TCP inside that repeats itself in silence', () => {
  const repeat = ({ world }: Stage, address: string = GATEWAY): void =>
    world.opened[0]?.events.onUnanswered?.(address);

  it('makes us ask at once, and again as soon as it is wanted again; a gateway that answers is believed', async () => {
    const stage = await connected();
    const { world, states, configs, status } = stage;
    const asked = questions(stage);
    const began = world.clock.now();
    for (const ms of [0, 800, 1600, 3200]) {
      await world.clock.advance(began + ms - world.clock.now());
      repeat(stage);
      await world.clock.advance(100);
      expect(Date.parse(status().liveness?.lastProof ?? '')).toBeGreaterThanOrEqual(world.clock.wall() - 100);
    }
    expect(asked.map((at) => at - began)).toEqual([0, 800, 1600, 3200]);
    await world.clock.advance(5000);
    expect(states).toEqual(['connecting', 'connected']);
    expect(configs).toHaveLength(1);
  });

  it('of a gateway that is gone: noticed as soon as it has not answered, however often more is wanted', async () => {
    const stage = await connected();
    const { world, gateway, states } = stage;
    gateway.stop();
    await world.clock.advance(2000);
    for (let spent = 0; spent < SUSPECT_MS - 100; spent += 100) {
      if (spent % 500 === 0) repeat(stage);
      await world.clock.advance(100);
    }
    expect(states.at(-1)).toBe('connected');
    await world.clock.advance(200);
    expect(states.at(-1)).toBe('reconnecting');
  });

  it('towards another address means nothing', async () => {
    const stage = await connected();
    const asked = questions(stage);
    repeat(stage, SECOND);
    await stage.world.clock.advance(100);
    expect(asked).toEqual([]);
  });
});

describe('INVALID_IKE_SPI in the clear', () => {
  it('of a gateway that has started again: a fresh connection in less than two seconds', async () => {
    const { world, gateway, status, configs } = await connected();
    gateway.stop();
    gateway.disowns = true;
    gateway.restart();
    world.watch.tell({ what: 'network' });
    await world.clock.advance(1400);
    expect(configs).toHaveLength(1);
    await world.clock.advance(500);
    expect(status()).toMatchObject({ state: 'connected', lastEnd: { failure: { cause: 'peer-dead' } } });
    expect(configs).toHaveLength(2);
  });

  it('to a question that silence led to: it has no more time than another', async () => {
    const stage = await connected();
    const { world, gateway, configs, states } = stage;
    gateway.stop();
    gateway.disowns = true;
    gateway.restart();
    const asked = questions(stage);
    world.send();
    while (asked.length === 0) await world.clock.advance(10);
    await world.clock.advance(PROBE_MS + 400);
    expect(configs).toHaveLength(2);
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
  });
});

describe('a gateway that was out of reach for a while', () => {
  /** Nothing arrives for so long while we send; then it hears us again, and knows us. */
  async function unreachable(seconds: number): Promise<Stage & { readonly before: string | undefined }> {
    const stage = await connected({}, { livenessSec: 0 });
    const before = stage.status().ike?.spiI;
    stage.gateway.silent = true;
    for (let second = 0; second < seconds; second++) {
      stage.world.send();
      await stage.world.clock.advance(1000);
    }
    expect(stage.status().state).toBe('reconnecting');
    expect(stage.configs.length).toBeGreaterThan(1);
    stage.gateway.silent = false;
    return { ...stage, before };
  }

  it.each([8, 20, 100])(
    'goes on where it was after %i s: the tries for a fresh connection end',
    async (seconds) => {
      const { world, gateway, status, configs, before } = await unreachable(seconds);
      const tried = configs.length;
      const received = gateway.tun.received.length;
      world.send();
      reply(gateway);
      await world.clock.advance(250);
      expect(gateway.tun.received).toHaveLength(received + 1);
      expect(world.tuns[0]?.received).toHaveLength(1);
      expect(status()).toMatchObject({
        state: 'connected',
        ike: { spiI: before },
        lastEnd: null,
        reconnect: null,
      });
      for (let second = 0; second < 60; second++) {
        reply(gateway);
        await world.clock.advance(1000);
      }
      expect(configs).toHaveLength(tried);
      expect(status()).toMatchObject({ state: 'connected', ike: { spiI: before } });
    },
  );

  it('and wants another login afterwards: it is not forgotten', async () => {
    const stage = await connected({}, { authLifetimeSec: 120 });
    const { world, gateway, status, configs } = stage;
    gateway.silent = true;
    world.send();
    await world.clock.advance(6000);
    expect(status().state).toBe('reconnecting');
    gateway.silent = false;
    reply(gateway);
    await world.clock.advance(250);
    const tried = configs.length;
    for (let second = 0; second < 120; second++) {
      reply(gateway);
      await world.clock.advance(1000);
    }
    expect(configs.length).toBeGreaterThan(tried);
    expect(configs.at(-1)?.initialContact).toBe(false);
    expect(status().state).toBe('connected');
  });

  it('is waited for when all the tries are spent that the profile wants', async () => {
    const stage = await connected({ reconnect: { attempts: 1 } }, { livenessSec: 0 });
    const { world, gateway, status, configs } = stage;
    gateway.silent = true;
    world.send();
    await world.clock.advance(60_000);
    expect(configs).toHaveLength(2);
    expect(status().state).toBe('reconnecting');
    gateway.silent = false;
    reply(gateway);
    await world.clock.advance(250);
    expect(status().state).toBe('connected');
    gateway.stop();
    await world.clock.advance(300_000);
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'no-answer' } });
    expect(configs).toHaveLength(3);
  });

  it('for half a minute ends the tunnel where the profile wants no other connection', async () => {
    const { world, gateway, status } = await connected({ reconnect: { enabled: false } });
    gateway.stop();
    world.send();
    await world.clock.advance(20_000);
    expect(status().state).toBe('reconnecting');
    await world.clock.advance(20_000);
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'peer-dead' } });
  });
});

describe('a NAT that swallows what comes from our port', () => {
  /** Connected, and from now on nothing passes from there or to there. */
  async function swallowed(ike: { readonly localPort?: number } = {}) {
    const stage = await connected({ ike });
    const { world, status } = stage;
    const port = status().path?.local.port ?? 0;
    world.swallows = ({ from, to }) => from.port === port || to.port === port;
    world.network.log.length = 0;
    world.send();
    const from = (): Set<number> =>
      new Set(
        world.network.log.filter((datagram) => datagram.to.address === GATEWAY).map((each) => each.from.port),
      );
    return { ...stage, port, from };
  }

  it('is asked from there as long as it may still know us, and then from another one', async () => {
    const { world, status, port, from } = await swallowed();
    await world.clock.advance(160_000);
    expect(status().state).toBe('reconnecting');
    expect(from()).toEqual(new Set([port]));
    await world.clock.advance(90_000);
    expect(status().state).toBe('connected');
    expect(status().path?.local.port).not.toBe(port);
    world.network.log.length = 0;
    world.send();
    await world.clock.advance(100);
    expect(from()).toEqual(new Set([status().path?.local.port]));
  });

  it('is asked from there alone where the profile wants that port', async () => {
    const { world, status, from } = await swallowed({ localPort: 4567 });
    await world.clock.advance(400_000);
    expect([status().state, from()]).toEqual(['reconnecting', new Set([4567])]);
  });
});

describe('a gateway that speaks again while a fresh connection is tried for', () => {
  /** It is silent until a fresh connection is tried for. What comes from then on is held until `deliver`. */
  async function speakingAgain() {
    // The first IKE_SA_INIT has the right group: its answer is followed by a login.
    const profile = { ike: { proposals: ['aes256gcm16-prfsha256-curve25519'] } };
    const stage = await connected(profile, { livenessSec: 0 });
    const { world, gateway, configs, status } = stage;
    const events = world.opened[0]?.events;
    const plane = world.planes[0];
    if (!events || !plane) throw new Error('there is no data plane');
    const take = events.onIke.bind(events);
    const heard: IkeDatagram[] = [];
    const held: IkeDatagram[] = [];
    events.onIke = (datagram) => {
      heard.push(datagram);
      take(datagram);
    };
    world.tunnels.rekey('work', 'child');
    await world.clock.advance(100);
    gateway.silent = true;
    world.send();
    while (configs.length < 2) await world.clock.advance(100);
    events.onIke = (datagram) => held.push(datagram);
    const sent: (number | undefined)[] = [];
    const send = plane.sendIke.bind(plane);
    plane.sendIke = (socket, remote, bytes, options) => {
      sent.push(peekHeader(bytes)?.exchange);
      send(socket, remote, bytes, options);
    };
    const isInit = ({ bytes }: IkeDatagram): boolean =>
      peekHeader(bytes)?.exchange === ExchangeType.IKE_SA_INIT;
    return { ...stage, take, heard, held, sent, isInit, before: status().ike?.spiI };
  }

  it('in one breath with the answer to that: no login is sent for it', async () => {
    const { world, gateway, take, held, sent, isInit, status, before } = await speakingAgain();
    gateway.silent = false;
    while (new Set(held.map(isInit)).size < 2) await world.clock.advance(100);
    for (const datagram of held.toSorted((a, b) => Number(isInit(a)) - Number(isInit(b)))) take(datagram);
    await world.clock.advance(1000);
    expect(sent).toContain(ExchangeType.IKE_SA_INIT);
    expect(sent).not.toContain(ExchangeType.IKE_AUTH);
    expect(status()).toMatchObject({ state: 'connected', ike: { spiI: before }, reconnect: null });
  });

  it('and says old things first: they are no answer to that', async () => {
    const { world, gateway, take, heard, held, sent, isInit, status, configs, before } =
      await speakingAgain();
    for (const datagram of heard) take(datagram);
    expect(heard.length).toBeGreaterThan(0);
    expect(status().state).toBe('reconnecting');
    gateway.silent = false;
    gateway.refuseNew = true;
    const tried = configs.length;
    while (held.length === 0) await world.clock.advance(100);
    expect(held.some(isInit)).toBe(false);
    for (const datagram of held) take(datagram);
    await world.clock.advance(100);
    expect(status()).toMatchObject({ state: 'connected', ike: { spiI: before }, reconnect: null });
    sent.length = 0;
    for (let second = 0; second < 5; second++) {
      reply(gateway);
      await world.clock.advance(1000);
    }
    expect(sent).not.toContain(ExchangeType.IKE_SA_INIT);
    expect(configs).toHaveLength(tried);
  });
});
