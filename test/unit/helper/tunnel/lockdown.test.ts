/**
 * A tunnel under lockdown, in virtual time: nothing is sent to where it is not open yet, and a gateway's name leads to where it
 * did before, since no name server is within reach.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gatewayAddresses } from '#helper/tunnel/gateway-addresses.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { FREE } from '#helper/tunnel/passage.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { GATEWAY, PEER, SECOND } from '#test/fakes/tunnel-stage.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';

const NAME = 'gw.example';

/** What left us for somewhere that was not open, and where we sent anything. */
function watched(world: TunnelWorld) {
  const early: string[] = [];
  const destinations = new Set<string>();
  world.swallows = ({ from, to }) => {
    if (from.address !== '192.0.2.2' && from.address !== '2001:db8::2') return false;
    const end = `${to.address} ${to.port}`;
    destinations.add(end);
    const { inForce } = world.lockdownEffect;
    const open = inForce?.gateways.some(({ address, port }) => `${address} ${port}` === end) ?? true;
    if (!open) early.push(end);
    return false;
  };
  return { early, destinations };
}

const named = (world: TunnelWorld, addresses: readonly string[] = [NAME]) =>
  world.profile('work', {
    profile: profileNamed('work', { gateway: { addresses: [...addresses], id: NAME } }),
  });
const lockdown = (world: TunnelWorld, on = true) => world.lockdown.set({ on, lan: false }, false);
const failure = (world: TunnelWorld) => world.status('work')?.failure;

describe('under lockdown', () => {
  it('each end of the gateway is open before anything is sent there, and none after the tunnel', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, PEER);
    const { early, destinations } = watched(world);
    await lockdown(world);
    world.tunnels.up(world.profile('work'));
    await world.clock.advance(500);
    expect(world.status('work')?.state).toBe('connected');
    world.send();
    await world.clock.advance(30_000);
    expect(early).toEqual([]);
    expect([...destinations]).toContain(`${GATEWAY} 500`);
    expect(world.lockdownEffect.inForce?.gateways).toEqual(
      expect.arrayContaining([{ address: GATEWAY, port: 500 }]),
    );
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(3_000);
    expect(world.status('work')?.state).toBe('disconnected');
    expect(world.lockdownEffect.inForce?.gateways).toEqual([]);
    expect(early).toEqual([]);
  });

  it('so it is with the next gateway, when the first is silent', async () => {
    const world = new TunnelWorld();
    const first = world.gateway(GATEWAY, PEER);
    world.gateway(SECOND, PEER);
    const { early, destinations } = watched(world);
    first.silent = true;
    await lockdown(world);
    world.tunnels.up(named(world, [GATEWAY, SECOND]));
    await world.clock.advance(60_000);
    expect(world.status('work')).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
    expect(early).toEqual([]);
    expect([...destinations].map((end) => end.split(' ')[0])).toEqual(
      expect.arrayContaining([GATEWAY, SECOND]),
    );
  });

  it('a system that refuses to open the way is said, and the login fails as silence does', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, PEER);
    await lockdown(world);
    world.lockdownEffect.failures.set('apply', new Error('no memory'));
    world.swallows = ({ to }) => !world.lockdownEffect.inForce?.gateways.some(({ port }) => port === to.port);
    world.tunnels.up(world.profile('work'));
    await world.clock.advance(40_000);
    expect(failure(world)).toMatchObject({ cause: 'no-answer' });
    expect(world.lockdown.status().fault).toBe('no memory');
  });

  it('a tunnel comes back though another hand has put older rules in the place of its own', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, PEER);
    await lockdown(world);
    const { lockdownEffect } = world;
    world.swallows = ({ to }) =>
      to.address === GATEWAY && !lockdownEffect.inForce?.gateways.some(({ port }) => port === to.port);
    world.tunnels.up(world.profile('work'));
    await world.clock.advance(500);
    expect(world.status('work')?.state).toBe('connected');
    lockdownEffect.inForce = { lan: false, mark: 0, gateways: [], adapters: [] };
    await world.clock.advance(180_000);
    expect(world.status('work')).toMatchObject({
      state: 'connected',
      lastEnd: { failure: { cause: 'peer-dead' } },
    });
  });

  it('a tunnel that goes down while its way is being opened sends nothing', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, PEER);
    const { destinations } = watched(world);
    await lockdown(world);
    const opened = Promise.withResolvers<void>();
    const apply = world.lockdownEffect.apply.bind(world.lockdownEffect);
    world.lockdownEffect.apply = async (settings) => {
      await opened.promise;
      await apply(settings);
    };
    world.tunnels.up(world.profile('work'));
    await world.clock.advance(100);
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(3_000);
    opened.resolve();
    await world.clock.advance(1_000);
    expect([...destinations]).toEqual([]);
    expect(world.log.recent().filter(({ message }) => message.includes('cannot send'))).toEqual([]);
  });
});

it.each(['openTun', 'openDataPlane'] as const)(
  'a tunnel that cannot begin gives its way out back: %s',
  async (step) => {
    let passages = 0;
    const world = new TunnelWorld({
      passage: () => {
        passages++;
        return { ...FREE, close: () => void passages-- };
      },
    });
    world.gateway(GATEWAY, PEER);
    world.refusals.set(step, new Error('EBUSY'));
    for (let times = 0; times < 3; times++) {
      world.tunnels.up(world.profile('work'));
      await world.clock.advance(1000);
    }
    expect(world.status('work')?.state).toBe('failed');
    expect(passages).toBe(0);
  },
);

it('who sends the gateway’s request once more from elsewhere opens nothing, and hears nothing', async () => {
  const world = new TunnelWorld();
  const gateway = world.gateway(GATEWAY, PEER);
  await lockdown(world);
  world.tunnels.up(world.profile('work'));
  await world.clock.advance(500);
  gateway.rekeyChildren();
  await world.clock.advance(1000);
  const request = world.network.log.findLast(({ from, bytes }) => {
    // Four zeros stand before IKE on port 4500.
    const ike = bytes.subarray(Buffer.from(bytes).readUInt32BE(0) === 0 ? 4 : 0);
    const isResponse = ((ike[19] ?? 0) & 0x20) !== 0;
    const { CREATE_CHILD_SA, INFORMATIONAL } = ExchangeType;
    const isRequest = (ike[18] === CREATE_CHILD_SA || ike[18] === INFORMATIONAL) && !isResponse;
    return from.address === GATEWAY && isRequest;
  });
  if (!request) throw new Error('the gateway has asked for nothing');
  const { applied, inForce } = world.lockdownEffect;
  for (let port = 0; port < 100; port++) {
    world.network.send({ ...request, from: { address: '198.51.100.66', port } });
    await world.clock.advance(10);
  }
  expect(world.lockdownEffect).toMatchObject({ applied, inForce });
  const answers = (): number => world.network.log.filter(({ to }) => to.address === '198.51.100.66').length;
  expect(answers()).toBe(0);
  // Without lockdown it is answered, as RFC 7296 §2.1 wants it.
  await lockdown(world, false);
  world.network.send({ ...request, from: { address: '198.51.100.66', port: 53 } });
  await world.clock.advance(100);
  expect(answers()).toBe(1);
});

describe('the gateway’s name under lockdown', () => {
  async function connectedBefore() {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, PEER);
    world.names.set(NAME, [GATEWAY]);
    world.tunnels.up(named(world));
    await world.clock.advance(500);
    expect(world.status('work')?.state).toBe('connected');
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(3_000);
    world.names.clear();
    return world;
  }
  const addresses = (world: TunnelWorld): unknown =>
    JSON.parse(readFileSync(join(world.stateDir, 'gateways.json'), 'utf8'));

  it('leads to where it did when a tunnel was last connected', async () => {
    const world = await connectedBefore();
    expect(addresses(world)).toEqual([[NAME, [GATEWAY]]]);
    await lockdown(world);
    world.tunnels.up(named(world));
    await world.clock.advance(500);
    expect(world.status('work')?.state).toBe('connected');
  });

  it('leads nowhere without lockdown: name servers say what is so now', async () => {
    const world = await connectedBefore();
    world.tunnels.up(named(world));
    await world.clock.advance(500);
    expect(failure(world)).toEqual({
      cause: 'name-not-resolved',
      host: NAME,
      detail: `getaddrinfo ENOTFOUND ${NAME}`,
    });
  });

  it('is not remembered from a login that failed, or was given up: a portal’s answer leads nowhere', async () => {
    const world = new TunnelWorld();
    world.names.set(NAME, ['203.0.113.99']);
    world.tunnels.up(named(world));
    await world.clock.advance(40_000);
    expect(failure(world)).toMatchObject({ cause: 'no-answer' });
    world.tunnels.up(named(world));
    await world.clock.advance(1_000);
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(3_000);
    expect(() => addresses(world)).toThrow('ENOENT');
  });

  it('that nobody knows is told as lockdown’s doing', async () => {
    const world = new TunnelWorld();
    await lockdown(world);
    world.tunnels.up(named(world));
    await world.clock.advance(500);
    expect(failure(world)).toMatchObject({ cause: 'name-not-resolved', lockdown: true });
  });

  it('is asked for all the same: what the servers say adds to what is known', async () => {
    const world = await connectedBefore();
    world.gateway(SECOND, PEER);
    world.names.set(NAME, [SECOND]);
    await lockdown(world);
    world.swallows = ({ to }) => to.address === GATEWAY;
    world.tunnels.up(named(world));
    await world.clock.advance(60_000);
    expect(world.status('work')).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
    expect(addresses(world)).toEqual([[NAME, [SECOND]]]);
  });

  it.each(['', '[["gw.example"]]', '[["gw.example", ["10.0.0.1; reboot"]]]', '{}'])(
    'costs only what it remembers where its file is damaged: %j',
    async (text) => {
      const before = await connectedBefore();
      writeFileSync(join(before.stateDir, 'gateways.json'), text);
      const path = join(before.stateDir, 'gateways.json');
      const warnings: string[] = [];
      const known = gatewayAddresses(path, () => true, { warn: (warning: string) => warnings.push(warning) });
      expect(known.of(NAME)).toBeUndefined();
      expect(warnings).toHaveLength(1);
    },
  );
});
