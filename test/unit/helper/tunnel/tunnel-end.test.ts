/** The end of a tunnel: taken down wherever it stands, stopped by the data plane or a fault, with nothing left behind. In virtual time. */
import { describe, expect, it } from 'vitest';
import { SystemFailure } from '#helper/effects/effects.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { ADMIN, connected, connecting, expectNothingLeft } from '#test/fakes/tunnel-stage.ts';

describe('a tunnel that ends', () => {
  it('while a name is looked up, without waiting for the answer', async () => {
    const never = { lookup: () => new Promise<never>(() => undefined) };
    const world = new TunnelWorld({ resolver: { ...never, asNow: () => never } });
    world.tunnels.up(
      world.profile('work', { profile: profileNamed('work', { gateway: { addresses: ['slow.example'] } }) }),
    );
    await world.clock.advance(1000);
    expect(world.status('work')).toMatchObject({ state: 'connecting', step: 'looking up slow.example' });
    world.tunnels.down(ADMIN);
    await world.clock.advance(0);
    expect(world.status('work')?.state).toBe('disconnected');
    expectNothingLeft(world);
  });

  it('tells the gateway, and waits for a silent one no longer than two seconds', async () => {
    const { world, gateway } = await connected();
    gateway.silent = true;
    world.tunnels.down(ADMIN);
    await world.clock.advance(1900);
    expect(world.status('work')?.state).toBe('disconnecting');
    await world.clock.advance(200);
    expect(world.status('work')?.state).toBe('disconnected');
    expectNothingLeft(world);
  });

  it('not when a hard limit stops its only SA: another connection takes its place', async () => {
    const { world } = await connected();
    const spi = world.status('work')?.children[0]?.spiIn ?? '';
    const at = new Date(world.clock.wall()).toISOString();
    world.opened[0]?.events.onExpired(Number.parseInt(spi, 16), 'bytes');
    // The gateway has not even heard of it.
    expect(world.status('work')).toMatchObject({
      children: [],
      discarded: [{ kind: 'child', spi, at, why: 'it reached its limit of bytes' }],
    });
    await world.clock.advance(200);
    const records = world.status('work')?.discarded.filter((record) => record.spi === spi);
    expect(records).toHaveLength(1);
    expect(world.status('work')).toMatchObject({
      state: 'connected',
      lastEnd: {
        failure: { cause: 'system', what: 'The Child SA ended', detail: 'it reached its limit of bytes' },
      },
    });
  });

  it('records when its SA reached its lifetime, which may be long before the helper hears of it', async () => {
    const { world } = await connected();
    const [child] = world.status('work')?.children ?? [];
    world.opened[0]?.events.onExpired(Number.parseInt(child?.spiIn ?? '', 16), 'time');
    expect(child?.expiresAt).not.toBeUndefined();
    expect(world.status('work')?.discarded).toEqual([
      { kind: 'child', spi: child?.spiIn, at: child?.expiresAt, why: 'it reached its lifetime' },
    ]);
  });

  it('when the data plane cannot go on', async () => {
    const { world } = await connected();
    world.tuns[0]?.vanish();
    await world.clock.advance(200);
    expect(world.status('work')?.failure).toMatchObject({ cause: 'system', what: 'The data plane stopped' });
    expectNothingLeft(world);
  });

  it('says how far it had come when it was taken down too early, as adit up --timeout does', async () => {
    const world = new TunnelWorld();
    const stored = world.profile('work');
    world.tunnels.up(stored);
    await world.clock.advance(5000);
    expect(world.status('work')?.state).toBe('connecting');
    world.tunnels.down(ADMIN, stored.id);
    await world.clock.advance(5000);
    const status = world.status('work');
    expect(status).toMatchObject({ state: 'disconnected', failure: null, lastEnd: { failure: null } });
    expect(status?.lastEnd?.why).toMatch(
      /^It was taken down while it was connecting: IKE_SA_INIT (to|with) 203\.0\.113\.1/,
    );
    expectNothingLeft(world);
  });

  it.each(Array.from({ length: 40 }, (_, at) => at * 2))(
    'wherever it is taken down: after %i ms',
    async (ms) => {
      const { world, states } = connecting();
      await world.clock.advance(ms);
      world.tunnels.down(ADMIN);
      await world.clock.advance(5000);
      expect(states.at(-1)).toBe('disconnected');
      expect(world.status('work')?.failure).toBeNull();
      expectNothingLeft(world);
    },
  );

  it('leaves in the journal what could not be undone, and says so', async () => {
    const { world } = await connected();
    world.effects.failures.set('routes undo', new SystemFailure('No', 'the table is locked', 'wait'));
    world.tunnels.down(ADMIN);
    await world.clock.advance(200);
    expect(world.journal.entries().map(({ effect }) => effect)).toEqual(['routes']);
    expect(
      world.log
        .recent()
        .some(({ level, message }) => level === 'error' && message.includes('routes of adit0')),
    ).toBe(true);
    expect(world.status('work')?.state).toBe('disconnected');
  });

  it('when the engine itself fails, without harm to the helper', async () => {
    const faulty = new TunnelWorld({
      createConnection: () =>
        new Proxy({} as never, {
          get: () => () => {
            throw new TypeError("a bug with 'hunter2'");
          },
        }),
    });
    faulty.tunnels.up(faulty.profile('work'));
    await faulty.clock.advance(5000);
    expect(faulty.status('work')?.failure).toMatchObject({
      cause: 'system',
      detail: 'TypeError: a bug with "…"',
    });
    expect(JSON.stringify(faulty.log.recent())).not.toContain('hunter2');
    expectNothingLeft(faulty);
  });
});
