/** Who may switch lockdown, what is answered, and that everybody hears of it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SystemFailure } from '#helper/effects/effects.ts';
import { type HelperWorld, inhabited, type Person, refused } from '#test/fakes/helper-world.ts';

let world: HelperWorld;
let alice: Person;
let bob: Person;
let root: Person;
beforeEach(() => {
  ({ world, alice, bob, root } = inhabited());
});

const OFF = { on: false, lan: false, byAdmin: false, fault: null };

describe('lockdown', () => {
  it('is everybody’s: one user switches it on, and another off', async () => {
    for (const person of [alice, bob]) await person.call('events.subscribe', { topic: 'status' });
    expect(await alice.call('lockdown.set', { on: true })).toEqual({ ...OFF, on: true });
    expect(world.tunnels.lockdownEffect.inForce).toMatchObject({ lan: false });
    expect(await bob.call('lockdown.set', { on: true, lan: true })).toEqual({ ...OFF, on: true, lan: true });
    expect((await alice.call('status.get', {})).lockdown).toMatchObject({ on: true, lan: true });
    expect(await bob.call('lockdown.set', { on: false })).toEqual(OFF);
    expect(world.tunnels.lockdownEffect.inForce).toBeUndefined();
    for (const { events } of [alice, bob]) {
      const told = events.flatMap((event) => (event.topic === 'status' ? event.status.lockdown : []));
      expect(told).toMatchObject([{ on: true, lan: false }, { on: true, lan: true }, { on: false }]);
    }
  });

  it('is an administrator’s where one has switched it on', async () => {
    await alice.call('lockdown.set', { on: true });
    expect(await root.call('lockdown.set', { on: true })).toEqual({ ...OFF, on: true, byAdmin: true });
    for (const change of [{ on: false }, { on: true, lan: true }, { on: true }]) {
      await expect(alice.call('lockdown.set', change)).rejects.toMatchObject(
        refused('forbidden', /an administrator switched it on/),
      );
    }
    expect(world.tunnels.lockdown.status()).toMatchObject({ on: true, lan: false, byAdmin: true });
    expect(await root.call('lockdown.set', { on: false })).toEqual(OFF);
    expect(await alice.call('lockdown.set', { on: true })).toMatchObject({ on: true, byAdmin: false });
  });

  it('that the system refuses is refused with what to do', async () => {
    const refusal = new SystemFailure('Lockdown cannot be put in force', 'nft is missing', 'Install it');
    world.tunnels.lockdownEffect.failures.set('apply', refusal);
    await expect(alice.call('lockdown.set', { on: true })).rejects.toMatchObject(
      refused('refused', /^Lockdown cannot be put in force: nft is missing\. Install it$/),
    );
    expect((await alice.call('status.get', {})).lockdown).toEqual(OFF);
  });

  it('is in the log with who did it', async () => {
    await alice.call('lockdown.set', { on: true });
    const said = world.tunnels.log.recent().map(({ message }) => message);
    expect(said).toEqual(expect.arrayContaining(['lockdown on by uid 1000', 'lockdown is on']));
  });

  it('is heard of no more by whoever listens no more', async () => {
    await alice.call('events.subscribe', { topic: 'status' });
    await alice.call('events.unsubscribe', { topic: 'status' });
    await bob.call('lockdown.set', { on: true });
    expect(alice.events).toEqual([]);
  });
});
