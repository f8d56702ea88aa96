/** A gateway that has acknowledged where we are, and of what we send nothing is answered: each line of the rule, in virtual time. */
import { describe, expect, it } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { Log } from '#helper/log/log.ts';
import { LeftBehind } from '#helper/tunnel/left-behind.ts';
import { connected, type Stage } from '#test/fakes/tunnel-stage.ts';
import { reply } from '#test/fakes/tunnel-world.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** One Child SA that was heard of, at a gateway that grants new keys for it or not. */
function watched({ heard = true, grants = true } = {}) {
  const clock = new FakeClock();
  const none = { bytesIn: 0n, bytesOut: 0n, replayDrops: 0n, authFailures: 0n, selectorDrops: 0n };
  const rest = { malformedDrops: 0n, dummies: 0n, expiredDrops: 0n, packetsLeft: 1n };
  let spiIn = 0x100;
  let packetsIn = 7n;
  let packetsOut = 7n;
  /** When new keys were wanted, and for what. */
  const asked: string[] = [];
  const watch = new LeftBehind({
    clock,
    log: new Log(clock, []).logger('tunnel'),
    counters: () => [{ spiIn, spiOut: spiIn + 1, packetsIn, packetsOut, ...none, ...rest }],
    standing: () => [spiIn],
    rekey: (what) => {
      asked.push(`${clock.now()} ${what}`);
      if (!grants || what === 'ike') return;
      spiIn += 2;
      packetsIn = 0n;
      packetsOut = 0n;
    },
  });
  if (heard) watch.heard();
  const receive = (): void => void packetsIn++;
  /** A packet every tenth of a second. */
  const send = async (ms: number): Promise<void> => {
    for (let spent = 0; spent < ms; spent += 100) {
      packetsOut++;
      await clock.advance(100);
    }
  };
  return { clock, watch, asked, receive, send };
}

describe('after an acknowledgement', () => {
  it('nothing comes in: new keys for the Child SAs after half a second, once', async () => {
    const { watch, asked, send } = watched();
    watch.acknowledged();
    await send(60 * SECOND);
    expect(asked).toEqual(['500 child']);
  });

  it('and the gateway does not grant them: new keys for the IKE SA, too', async () => {
    const { watch, asked, send } = watched({ grants: false });
    watch.acknowledged();
    await send(60 * SECOND);
    expect(asked).toEqual(['500 child', '1100 ike']);
  });

  it.each([0, 200, 400])('something comes in after %i ms: nothing', async (ms) => {
    const { clock, watch, asked, receive, send } = watched();
    watch.acknowledged();
    await send(ms);
    receive();
    await send(60 * SECOND);
    expect([asked, clock.pending]).toEqual([[], 0]);
  });

  it('something comes in while new keys are asked for: the IKE SA is left alone', async () => {
    const { watch, asked, receive, send } = watched({ grants: false });
    watch.acknowledged();
    await send(800);
    receive();
    await send(60 * SECOND);
    expect(asked).toEqual(['500 child']);
  });

  it('nothing is sent: nothing, until something is', async () => {
    const { clock, watch, asked, send } = watched();
    watch.acknowledged();
    await clock.advance(HOUR);
    expect(asked).toEqual([]);
    await send(9 * SECOND);
    expect(asked).toHaveLength(1);
  });

  it('and nothing has ever come in: nothing', async () => {
    const { watch, asked, send } = watched({ heard: false });
    watch.acknowledged();
    await send(60 * SECOND);
    expect(asked).toEqual([]);
  });

  it('of another move meanwhile: counted from that', async () => {
    const { watch, asked, send } = watched();
    watch.acknowledged();
    await send(400);
    watch.acknowledged();
    await send(60 * SECOND);
    expect(asked).toEqual(['900 child']);
  });

  it('and then the end: nothing, and no timer is left', async () => {
    const { clock, watch, asked, send } = watched();
    watch.acknowledged();
    watch.stop();
    await send(SECOND);
    watch.acknowledged();
    await send(60 * SECOND);
    expect([asked, clock.pending]).toEqual([[], 0]);
  });
});

describe('again and again', () => {
  it('without anything that comes in: less and less often', async () => {
    const { watch, asked, send } = watched();
    for (let spent = 0; spent < HOUR; spent += 5 * SECOND) {
      watch.acknowledged();
      await send(5 * SECOND);
    }
    const at = asked.map((line) => Number.parseInt(line, 10) / SECOND);
    const gaps = at.slice(1).map((time, before) => time - (at[before] ?? 0));
    expect(gaps.slice(0, 3).map((gap) => Math.round(gap / 10) * 10)).toEqual([10, 20, 40]);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(600);
    expect(asked.length).toBeLessThanOrEqual(12);
  });

  it('and each time something comes in after that: each time at once', async () => {
    const { clock, watch, asked, receive, send } = watched();
    for (const at of [0, 5 * SECOND, 10 * SECOND]) {
      await clock.advance(at - clock.now());
      watch.acknowledged();
      await send(SECOND);
      receive();
      watch.heard();
    }
    expect(asked).toEqual(['500 child', '5500 child', '10500 child']);
  });
});

describe('a tunnel that moves', () => {
  async function talked(): Promise<Stage> {
    const stage = await connected();
    for (let tenth = 0; tenth < 25; tenth++) {
      stage.world.send();
      reply(stage.gateway);
      await stage.world.clock.advance(100);
    }
    return stage;
  }

  /** Another address, and so long afterwards; the Child SAs of before and after. */
  async function move({ world, status }: Stage, ms: number, each: () => void): Promise<[string[], string[]]> {
    const spis = (): string[] => status().children.map(({ spiIn }) => spiIn);
    const before = spis();
    world.ours = ['192.0.2.77', '2001:db8::77'];
    world.watch.tell({ what: 'network' });
    for (let spent = 0; spent < ms; spent += 50) {
      each();
      await world.clock.advance(50);
    }
    return [before, spis()];
  }

  it('and hears nothing of what it sends for: a new Child SA in less than a second, in the same connection', async () => {
    const stage = await talked();
    const [before, after] = await move(stage, 900, () => stage.world.send());
    expect(before).toHaveLength(1);
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    expect(stage.configs).toHaveLength(1);
    expect(stage.states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
  });

  it('and goes on hearing: the same Child SA', async () => {
    const stage = await talked();
    const [before, after] = await move(stage, 5000, () => {
      stage.world.send();
      reply(stage.gateway);
    });
    expect(after).toEqual(before);
  });

  it('and has nothing to say: the same Child SA', async () => {
    const [before, after] = await move(await talked(), 30_000, () => undefined);
    expect(after).toEqual(before);
  });

  it('and has only ever sent: the same Child SA, however often it moves', async () => {
    const stage = await connected();
    const [before, after] = await move(stage, 30_000, () => stage.world.send());
    expect(after).toEqual(before);
    expect(stage.configs).toHaveLength(1);
  });

  it('nowhere: the same Child SA, however long nothing is answered', async () => {
    const stage = await talked();
    const spis = (): string[] => stage.status().children.map(({ spiIn }) => spiIn);
    const before = spis();
    for (let tenth = 0; tenth < 600; tenth++) {
      stage.world.send();
      await stage.world.clock.advance(100);
    }
    expect(spis()).toEqual(before);
    expect(stage.configs).toHaveLength(1);
  });
});
