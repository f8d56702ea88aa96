/** The order of a tunnel's changes: what may never be, even between two steps, whatever plan follows whatever plan. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPrefix } from '#core/net/address.ts';
import type { FirewallSettings, LinkSettings } from '#helper/effects/effects.ts';
import { SystemFailure } from '#helper/effects/effects.ts';
import { FakeEffects } from '#helper/effects/fake.ts';
import type { Taken } from '#helper/effects/network-watch/network-watch.ts';
import { Changes } from '#helper/tunnel/changes.ts';
import type { Plan } from '#helper/tunnel/plan.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';
import * as tunnel from '#test/fakes/tunnel-settings.ts';

const planWith = (texts: readonly string[], mtu: number): Plan => {
  const addresses = texts.map(tunnel.prefix);
  return {
    link: { ...tunnel.link, addresses, mtu },
    firewall: { ...tunnel.firewall, addresses, mtu },
    routes: { ...tunnel.routes, addresses },
    dns: tunnel.dns,
  };
};

const plans = fc
  .record({
    texts: fc.subarray(['10.9.0.2/32', '10.9.0.3/32', '2001:db8:9::2/128'], { minLength: 1 }),
    mtu: fc.constantFrom(1300, 1400),
  })
  .map(({ texts, mtu }) => planWith(texts, mtu));

/** What is on the adapter after each call that was made, and what of it is not guarded. */
function* moments(effects: FakeEffects) {
  let onAdapter: string[] = [];
  let guarded: string[] = [];
  for (const { effect, step, with: settings } of effects.calls) {
    if (effect === 'link') onAdapter = (settings as LinkSettings).addresses.map(formatPrefix);
    if (effect === 'firewall')
      guarded = step === 'apply' ? (settings as FirewallSettings).addresses.map(formatPrefix) : [];
    const unguarded = onAdapter.filter((address) => !guarded.includes(address));
    yield { step: `${step} ${effect}`, onAdapter, unguarded };
  }
}

describe('between any two steps', () => {
  it('no address is on the adapter without its guard, and none when the routes have gone', async () => {
    const refusals = fc.constantFrom(undefined, 'link apply', 'routes apply', 'firewall apply');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(plans, refusals, fc.boolean()), { minLength: 1, maxLength: 5 }),
        async (steps) => {
          const effects = new FakeEffects();
          const world = new TunnelWorld();
          const changes = new Changes(effects, world.journal, world.log.logger('main'));
          for (const [plan, refusal, keepAddresses] of steps) {
            effects.failures.clear();
            if (refusal) effects.failures.set(refusal, new SystemFailure('no', 'because', 'wait'));
            const { signal } = new AbortController();
            await changes.make(plan, signal, { keepAddresses }).catch(() => undefined);
          }
          effects.failures.clear();
          await changes.undo();
          expect([...moments(effects)].filter(({ unguarded }) => unguarded.length > 0)).toEqual([]);
          const leaving = [...moments(effects)].filter(({ step }) => step === 'undo routes');
          expect(leaving.flatMap(({ onAdapter }) => onAdapter)).toEqual([]);
          expect(world.journal.entries()).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('an adapter that keeps its addresses does not stop the undoing, and is told of', async () => {
    const world = new TunnelWorld();
    const effects = new FakeEffects();
    const changes = new Changes(effects, world.journal, world.log.logger('main'));
    await changes.make(planWith(['10.9.0.2/32'], 1400), new AbortController().signal);
    effects.failures.set('link apply', new SystemFailure('no', 'busy', 'wait'));
    await changes.undo();
    expect([...effects.inForce]).toEqual(['link adit0']);
    expect(world.journal.entries()).toEqual([]);
  });
});

const ROUTES: readonly Taken[] = [{ part: 'routes', table: tunnel.routes.table }];

it('routes that are being put back when all is undone are undone after that', async () => {
  const world = new TunnelWorld();
  const changes = new Changes(world.effects, world.journal, world.log.logger('tunnel'));
  const { signal } = new AbortController();
  await changes.make(planWith(['10.9.0.2/32'], 1400), signal);
  const { routes } = world.effects;
  const apply = routes.apply.bind(routes);
  const slow = Promise.withResolvers<void>();
  routes.apply = async (settings) => {
    await slow.promise;
    return apply(settings);
  };
  const turns = () => new Promise((resolve) => setTimeout(resolve, 10));
  const restored = changes.restore(ROUTES, signal);
  await turns();
  const undone = changes.undo();
  await turns();
  slow.resolve();
  await Promise.all([restored, undone]);
  await changes.restore(ROUTES, signal);
  expect([...world.effects.inForce].filter((effect) => !effect.startsWith('link'))).toEqual([]);
  expect(world.journal.entries()).toEqual([]);
});

describe('what was taken away is put back in order', () => {
  const address = (text: string): Taken => ({ part: 'address', tun: 'adit0', address: text });
  it.each<[string, Taken[], string[]]>([
    ['rules or routes', ROUTES.slice(), ['apply routes']],
    ["another table's", [{ part: 'routes', table: tunnel.routes.table + 1 }], []],
    ['the adapter was switched off', [{ part: 'link', tun: 'adit0' }], ['apply link', 'apply routes']],
    ['another adapter was', [{ part: 'link', tun: 'adit1' }], []],
    ['perhaps any adapter was', [{ part: 'link' }], ['apply link', 'apply routes']],
    ['an address', [address('10.9.0.2')], ['apply link', 'apply routes']],
    ['an address that it is not to have', [address('10.9.0.3')], []],
    ['the firewall table', [{ part: 'firewall', tun: 'adit0' }], ['apply firewall']],
    ["another tunnel's", [{ part: 'firewall', tun: 'adit1' }], []],
    ['perhaps the firewall table', [{ part: 'firewall' }], ['apply firewall']],
    ['the name servers', [{ part: 'dns' }], ['restore dns']],
    [
      'everything, told in any order and twice',
      [{ part: 'dns' }, ...ROUTES, address('10.9.0.2'), { part: 'firewall' }, { part: 'link', tun: 'adit0' }],
      ['apply firewall', 'apply link', 'apply routes', 'restore dns'],
    ],
  ])('%s', async (_, taken, expected) => {
    const { effects, journal, log } = new TunnelWorld();
    const changes = new Changes(effects, journal, log.logger('tunnel'));
    const { signal } = new AbortController();
    await changes.make(planWith(['10.9.0.2/32'], 1400), signal);
    const made = new Map(effects.calls.map((call) => [call.effect, call.with]));
    const before = effects.calls.length;
    await changes.restore(taken, signal);
    const calls = effects.calls.slice(before);
    expect(calls.map(({ effect, step }) => `${step} ${effect}`)).toEqual(expected);
    for (const call of calls.filter(({ step }) => step === 'apply')) {
      expect(call.with).toEqual(made.get(call.effect));
    }
  });

  it.each([false, true])('again and again (%s): only said where it is not', async (again) => {
    const { effects, journal, log } = new TunnelWorld();
    const changes = new Changes(effects, journal, log.logger('tunnel'));
    const { signal } = new AbortController();
    await changes.make(planWith(['10.9.0.2/32'], 1400), signal);
    effects.warnings.set('dns', ['somebody was here']);
    const before = log.recent().length;
    await changes.restore([{ part: 'dns' }, ...ROUTES], signal, again);
    const levels = log.recent().map(({ level }) => level);
    expect(levels.slice(before)).toEqual(again ? [] : ['debug', 'warn']);
    expect(effects.calls.slice(-2).map(({ step }) => step)).toEqual(['apply', 'restore']);
  });

  it('of a tunnel without name servers, these are left alone', async () => {
    const { effects, journal, log } = new TunnelWorld();
    const changes = new Changes(effects, journal, log.logger('tunnel'));
    const { signal } = new AbortController();
    const { dns: _, ...plan } = planWith(['10.9.0.2/32'], 1400);
    await changes.make(plan, signal);
    await changes.restore([{ part: 'dns' }], signal);
    expect(effects.calls.filter(({ effect }) => effect === 'dns')).toEqual([]);
  });
});
