/**
 * One tunnel named `work` between a TunnelWorld and a gateway at GATEWAY: brought up, lost, and looked at for what it leaves
 * behind. For the tests of helper/tunnel.
 */
import { expect } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { createConnection } from '#core/ikev2/connection.ts';
import type { InitiatorConfig } from '#core/ikev2/connection-types.ts';
import { tunnelStatusSchema, type TunnelState } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import type { StoredProfile } from '#helper/stored-profile.ts';
import { id, type ResponderOverrides } from '#test/harness/ikev2-pair.ts';
import { CANARY, profileNamed } from './profiles.ts';
import { type Gateway, TunnelWorld } from './tunnel-world.ts';

export const GATEWAY = '203.0.113.1';
export const SECOND = '203.0.113.2';
/** A gateway that knows the key of entryNamed(). */
export const PEER = { localId: id('gw.example'), findPsk: () => utf8(CANARY) };
export const ADMIN = { uid: 0, admin: true };

export interface Stage {
  readonly world: TunnelWorld;
  readonly gateway: Gateway;
  readonly stored: StoredProfile;
  /** Every state the tunnel was in, in order. */
  readonly states: TunnelState[];
  /** What each engine was told. */
  readonly configs: InitiatorConfig[];
  readonly status: () => ReturnType<typeof tunnelStatusSchema.parse>;
}

/** `up` has been said; `prepare` has seen the world before. */
export function connecting(
  profile: Partial<ProfileInput> = {},
  peer: ResponderOverrides = {},
  prepare: (world: TunnelWorld) => void = () => undefined,
): Stage {
  const configs: InitiatorConfig[] = [];
  const world = new TunnelWorld({
    createConnection: (config) => {
      configs.push(config);
      return createConnection(config);
    },
  });
  prepare(world);
  const gateway = world.gateway(GATEWAY, { ...PEER, ...peer });
  const stored = world.profile('work', { profile: profileNamed('work', profile) });
  const states: TunnelState[] = [];
  world.tunnels.subscribe(() => {
    const state = world.status('work')?.state;
    if (state && state !== states.at(-1)) states.push(state);
  });
  world.tunnels.up(stored);
  const status = () => tunnelStatusSchema.parse(world.status('work'));
  return { world, gateway, stored, states, configs, status };
}

export async function connected(...given: Parameters<typeof connecting>): Promise<Stage> {
  const stage = connecting(...given);
  await stage.world.clock.advance(300);
  expect(stage.status().state).toBe('connected');
  return stage;
}

/** The gateway falls silent, and that is noticed. */
export async function lost(profile: Partial<ProfileInput> = {}): Promise<Stage> {
  const stage = await connected(profile);
  stage.gateway.stop();
  await stage.world.clock.advance(65_000);
  expect(stage.status().state).toBe('reconnecting');
  return stage;
}

/** What was done to the system, in order, and what a tunnel that comes up does. */
export const applied = (world: TunnelWorld): string[] =>
  world.effects.calls.map(({ effect, step }) => `${step} ${effect}`);
export const ALL = ['apply firewall', 'apply link', 'apply routes', 'apply dns'];

/** Nothing of any tunnel is left on the machine. */
export function expectNothingLeft(world: TunnelWorld): void {
  expect([...world.effects.inForce].filter((effect) => !effect.startsWith('link'))).toEqual([]);
  expect(world.journal.entries()).toEqual([]);
  expect(world.tuns).toEqual([]);
  expect(world.watch.listeners).toBe(0);
  expect(world.ownTimers()).toBe(0);
}
