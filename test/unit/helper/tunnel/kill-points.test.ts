/**
 * A helper that is killed while a tunnel comes up, is up, or goes down: what the next start finds in the journal is enough to
 * put the system back, wherever the kill came. A kill is an effect that never returns; its change may have been made or not.
 */
import { describe, expect, it } from 'vitest';
import type { Effects } from '#helper/effects/effects.ts';
import type { FakeEffects } from '#helper/effects/fake.ts';
import { JournalFile, undoAll } from '#helper/effects/journal-file.ts';
import { GATEWAY, PEER } from '#test/fakes/tunnel-stage.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';

type Step = (...given: readonly unknown[]) => Promise<unknown>;

/** The effects, but the `at`th change (from 0) is the last thing this process does: before it is made, or after. */
function killedAt(effects: FakeEffects, at: number, when: 'before' | 'after') {
  let count = -1;
  const guarded = (step: Step): Step => {
    return async (...given) => {
      count++;
      if (count > at) return new Promise(() => undefined);
      if (count === at && when === 'before') return new Promise(() => undefined);
      const result = await step(...given);
      return count === at ? new Promise(() => undefined) : result;
    };
  };
  const subject = <S extends object>(original: S): S =>
    new Proxy(original, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        return name === 'apply' || name === 'undo' ? guarded((member as Step).bind(target)) : member;
      },
    });
  const { link, routes, dns, firewall } = effects;
  const dying: Effects = {
    link: subject(link),
    routes: subject(routes),
    dns: subject(dns),
    firewall: subject(firewall),
  };
  return { dying, reached: () => count >= at };
}

/** Everything in force that does not vanish with the adapter. */
const left = (effects: FakeEffects): string[] =>
  [...effects.inForce].filter((effect) => !effect.startsWith('link'));

/** Brings a tunnel up and down with a kill at a step. Whether the kill came at all. */
async function runUntilKilled(at: number, when: 'before' | 'after'): Promise<boolean> {
  const world = new TunnelWorld();
  const { dying, reached } = killedAt(world.effects, at, when);
  // The same machine, whose effects go through the one that dies.
  const mortal = new TunnelWorld({ effects: dying, journal: world.journal });
  mortal.gateway(GATEWAY, PEER);
  mortal.tunnels.up(mortal.profile('work'));
  await mortal.clock.advance(500);
  mortal.tunnels.down({ uid: 0, admin: true });
  await mortal.clock.advance(5000);

  const { journal, warnings } = JournalFile.open(world.stateDir);
  expect(warnings).toEqual([]);
  await undoAll(journal, world.effects, world.log.logger('main'));
  expect({ at, when, left: left(world.effects), journal: journal.entries() }).toEqual({
    at,
    when,
    left: [],
    journal: [],
  });
  return reached();
}

describe('the next start after a kill', () => {
  it.each(['before', 'after'] as const)('undoes what is left, %s each change', async (when) => {
    let kills = 0;
    while (await runUntilKilled(kills, when)) kills++;
    // firewall, link, routes, dns; the addresses off, and the three that do not go with the adapter back.
    expect(kills).toBe(8);
  });
});
