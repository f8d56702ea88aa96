/**
 * Routes, firewall and addresses of a tunnel on a real Linux: which packets go where. The tunnel's adapter is one end
 * of a veth pair here, so that what goes into it arrives somewhere and can be counted.
 *
 *   lan 192.168.7.1 --eth0-- client --adit0-- inside       lan also claims 203.0.113.9 (the gateway), 198.51.100.8
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EffectsOnHost } from '#test/harness/effects-client.ts';
import type { Host } from '#test/harness/host.ts';
import { snapshot } from '#test/harness/snapshot.ts';
import { World } from '#test/harness/world.ts';
import * as tunnel from '#test/fakes/tunnel-settings.ts';

const GATEWAY = '203.0.113.9';
const VICTIM = '198.51.100.8';
const VICTIM6 = '2001:db8:8::8';
const MARK = String(tunnel.routes.mark);

let world: World;
let client: Host;
let lan: Host;
let inside: Host;

/** Counts what arrives at lan and inside for an address; a ping that nobody answers is the probe. */
const COUNTERS = `
table inet seen {
  counter victim {}
  counter victim6 {}
  counter gateway {}
  chain c {
    type filter hook prerouting priority -400;
    ip daddr ${VICTIM} counter name victim
    ip6 daddr ${VICTIM6} counter name victim6
    ip daddr ${GATEWAY} counter name gateway
  }
}`;

async function seen(host: Host, counter: string): Promise<number> {
  const text = await host.run(['nft', 'list', 'counter', 'inet', 'seen', counter]);
  return Number(/packets (\d+)/.exec(text)?.[1]);
}

/** Where one probe to an address comes out. */
async function wayOf(address: string, counter: string, ...options: string[]): Promise<string> {
  const before = { lan: await seen(lan, counter), inside: await seen(inside, counter) };
  await client.try(['ping', '-n', '-c', '1', '-W', '0.2', ...options, address]);
  const after = { lan: await seen(lan, counter), inside: await seen(inside, counter) };
  return (['lan', 'inside'] as const).filter((name) => after[name] > before[name]).join(' and ') || 'nowhere';
}

beforeAll(async () => {
  world = await World.create();
  [client, lan, inside] = await world.hosts('client', 'lan', 'inside');
  await world.link(
    { host: client, device: 'eth0', addresses: ['192.168.7.2/24', 'fd07::2/64'] },
    { host: lan, device: 'eth0', addresses: ['192.168.7.1/24', 'fd07::1/64'] },
  );
  for (const address of [GATEWAY, VICTIM]) await lan.ip(`addr add ${address}/32 dev lo`);
  await lan.ip(`addr add ${VICTIM6}/128 dev lo`);
  await client.ip('route add default via 192.168.7.1');
  await client.ip('-6 route add default via fd07::1');
  await Promise.all([lan.nft(COUNTERS), inside.nft(COUNTERS)]);
  await adapter('adit0');
});
afterAll(() => world[Symbol.asyncDispose]());

/** Like a TUN it asks no neighbour: both ends have one hardware address, and nobody answers ARP. */
async function adapter(name: string): Promise<void> {
  await client.ip(`link add ${name} type veth peer name ${name} netns ${inside.pid}`);
  const hardware = '02:00:00:00:00:01';
  await client.ip(`link set ${name} address ${hardware} arp off`);
  await inside.ip(`link set ${name} address ${hardware} arp off up`);
  await client.ip(`link set ${name} up`);
  await quiet(name);
}

let run = 0;
/** Fresh effects with a state directory of their own. */
async function effects(without: readonly string[] = []): Promise<EffectsOnHost> {
  const stateDir = join(world.directory, `state-${++run}`);
  await mkdir(stateDir, { mode: 0o700 });
  return new EffectsOnHost(client, stateDir, without);
}

/** What a rogue DHCP server (option 121) or router advertisement makes of the machine's routes. */
const ROGUE = [
  `${VICTIM}/32 via 192.168.7.1`,
  '198.51.100.0/24 via 192.168.7.1',
  '128.0.0.0/1 via 192.168.7.1',
];
const ROGUE6 = [`${VICTIM6}/128 via fd07::1`];
async function rogue(change: 'add' | 'del'): Promise<void> {
  for (const route of ROGUE) await client.ip(`route ${change} ${route} dev eth0`);
  for (const route of ROGUE6) await client.ip(`-6 route ${change} ${route} dev eth0`);
}

/** The adapter as it was before the tunnel. */
async function quiet(name: string): Promise<void> {
  await client.ip(`link set ${name} down mtu 1500`);
  await client.ip(`addr flush dev ${name}`);
  await client.ip(`link set ${name} addrgenmode eui64`);
}

describe('a tunnel for everything', () => {
  let own: EffectsOnHost;
  let before: Awaited<ReturnType<typeof snapshot>>;

  beforeAll(async () => {
    before = await snapshot(client);
    own = await effects();
  });

  it('the attack is real: split routes in the main table lose to the rogue ones', async () => {
    await own.ask({ do: 'link', settings: tunnel.link });
    await client.ip('route add 0.0.0.0/1 dev adit0');
    await client.ip('route add 128.0.0.0/1 dev adit0 metric 1');
    expect(await wayOf(VICTIM, 'victim')).toBe('inside');
    await rogue('add');
    expect(await wayOf(VICTIM, 'victim')).toBe('lan');
    await rogue('del');
    await quiet('adit0');
    expect(await snapshot(client)).toEqual(before);
  });

  it('takes IPv4 and IPv6', async () => {
    expect(await wayOf(VICTIM, 'victim')).toBe('lan');
    expect(await wayOf(VICTIM6, 'victim6')).toBe('lan');
    await own.ask({ do: 'link', settings: tunnel.link });
    await own.ask({ do: 'firewall', settings: tunnel.firewall });
    await own.ask({ do: 'routes', settings: tunnel.routes });
    expect(await wayOf(VICTIM, 'victim')).toBe('inside');
    expect(await wayOf(VICTIM6, 'victim6')).toBe('inside');
  });

  it('TunnelVision: routes that a DHCP server adds change nothing', async () => {
    await rogue('add');
    expect(await wayOf(VICTIM, 'victim')).toBe('inside');
    expect(await wayOf(VICTIM6, 'victim6')).toBe('inside');
    await rogue('del');
  });

  it('LocalNet: a lease in the range of the destination changes nothing', async () => {
    await client.ip('addr add 198.51.100.77/24 dev eth0');
    expect(await wayOf(VICTIM, 'victim')).toBe('inside');
    await client.ip('addr del 198.51.100.77/24 dev eth0');
  });

  it("ServerIP: a program's packets to the gateway's address go into the tunnel, only marked ones beside", async () => {
    expect(await wayOf(GATEWAY, 'gateway')).toBe('inside');
    expect(await wayOf(GATEWAY, 'gateway', '-m', MARK)).toBe('lan');
  });

  it('finds the way to the gateway beside itself', async () => {
    const remote = tunnel.ip(GATEWAY);
    expect(await own.ask({ do: 'sourceFor', remote, mark: tunnel.routes.mark })).toEqual({
      address: { $ip: '192.168.7.2' },
      mtu: 1500,
      dev: 'eth0',
    });
  });

  it('follows other settings without a gap', async () => {
    const settings = { ...tunnel.routes, remoteTs: [tunnel.selector('198.51.100.8/32')] };
    await own.ask({ do: 'routes', settings });
    expect(await wayOf(VICTIM, 'victim')).toBe('inside');
    expect(await wayOf(VICTIM6, 'victim6')).toBe('lan');
    expect(await wayOf(GATEWAY, 'gateway')).toBe('lan');
    await own.ask({ do: 'routes', settings: tunnel.routes });
    expect(await wayOf(VICTIM6, 'victim6')).toBe('inside');
  });

  it.each([
    ['IPv4', '0.0.0.0/0', VICTIM, 'victim', VICTIM6, 'victim6'],
    ['IPv6', '::/0', VICTIM6, 'victim6', VICTIM, 'victim'],
  ] as const)(
    'of %s alone lets nothing of the other family pass beside it, whatever routes there are',
    async (_name, all, address, counter, other, otherCounter) => {
      const settings = { ...tunnel.routes, remoteTs: [tunnel.selector(all)] };
      expect(await own.ask({ do: 'routes', settings })).toEqual([expect.stringMatching(/blocked/)]);
      expect(await own.ask({ do: 'routes', settings })).toEqual([expect.stringMatching(/blocked/)]);
      await rogue('add');
      expect(await wayOf(address, counter)).toBe('inside');
      expect(await wayOf(other, otherCounter)).toBe('nowhere');
      // Only the sockets of the helper: the gateway may be there.
      expect(await wayOf(other, otherCounter, '-m', MARK)).toBe('lan');
      await rogue('del');
      // The neighbours of this network are asked and answered as before.
      await client.run(['ip', 'neigh', 'flush', 'dev', 'eth0']);
      expect(await wayOf(other, otherCounter, '-m', MARK)).toBe('lan');
      await own.ask({ do: 'routes', settings: tunnel.routes });
      expect(await wayOf(other, otherCounter)).toBe('inside');
    },
  );

  it('of parts of a family leaves the other family alone', async () => {
    const settings = { ...tunnel.routes, remoteTs: [tunnel.selector('198.51.100.0/24')] };
    expect(await own.ask({ do: 'routes', settings })).toEqual([]);
    expect(await wayOf(VICTIM, 'victim')).toBe('inside');
    expect(await wayOf(VICTIM6, 'victim6')).toBe('lan');
    await own.ask({ do: 'routes', settings: tunnel.routes });
  });

  it('is gone without a trace', async () => {
    for (const entry of [tunnel.routesEntry, tunnel.firewallEntry]) {
      await own.ask({ do: 'undo', entry });
      await own.ask({ do: 'undo', entry });
    }
    await quiet('adit0');
    expect(await wayOf(VICTIM, 'victim')).toBe('lan');
    expect(await wayOf(VICTIM6, 'victim6')).toBe('lan');
    expect(await snapshot(client)).toEqual(before);
  });
});

const way = async (address: string) =>
  /dev (\w+)/.exec(await client.run(['ip', 'route', 'get', address]))?.[1];

describe('two tunnels', () => {
  const narrow = {
    ...tunnel.routes,
    tun: 'adit1',
    table: 44312,
    priority: 5201,
    remoteTs: [tunnel.selector('198.51.100.0/24')],
    addresses: [tunnel.prefix('10.8.0.2/32')],
  };
  const narrowEntry = {
    effect: 'routes',
    tun: 'adit1',
    table: narrow.table,
    mark: narrow.mark,
    priority: narrow.priority,
  } as const;

  it('each takes its own, the narrow one first, and each goes alone', async () => {
    await adapter('adit1');
    const before = await snapshot(client);
    const own = await effects();
    await own.ask({ do: 'link', settings: tunnel.link });
    await own.ask({ do: 'link', settings: { ...tunnel.link, tun: 'adit1', addresses: narrow.addresses } });
    await own.ask({ do: 'routes', settings: tunnel.routes });
    await own.ask({ do: 'routes', settings: narrow });
    expect(await Promise.all([VICTIM, GATEWAY, '10.8.0.1'].map(way))).toEqual(['adit1', 'adit0', 'adit0']);
    await own.ask({ do: 'undo', entry: tunnel.routesEntry });
    expect(await Promise.all([VICTIM, GATEWAY].map(way))).toEqual(['adit1', 'eth0']);
    await own.ask({ do: 'routes', settings: tunnel.routes });
    await own.ask({ do: 'undo', entry: narrowEntry });
    expect(await Promise.all([VICTIM, GATEWAY].map(way))).toEqual(['adit0', 'adit0']);
    await own.ask({ do: 'undo', entry: tunnel.routesEntry });
    for (const name of ['adit0', 'adit1']) await quiet(name);
    expect(await snapshot(client)).toEqual(before);
  });
});

describe('two tunnels whose networks overlap', () => {
  const [wide, single] = ['198.51.100.0/24', `${VICTIM}/32`];
  const [wide9, single9] = ['203.0.113.0/24', `${GATEWAY}/32`];
  const first = { ...tunnel.routes, remoteTs: [wide, single9, '::/0'].map(tunnel.selector) };
  const second = {
    ...tunnel.routes,
    tun: 'adit1',
    table: 44312,
    priority: 5201,
    remoteTs: [single, wide9, `${VICTIM6}/128`].map(tunnel.selector),
    addresses: [tunnel.prefix('10.8.0.2/32')],
  };
  const entryOf = ({ tun, table, mark, priority }: typeof first) =>
    ({ effect: 'routes', tun, table, mark, priority }) as const;

  it.each(['the first is first', 'the second is first'])('%s: the longest prefix wins', async (order) => {
    for (const name of ['adit0', 'adit1']) await quiet(name);
    const before = await snapshot(client);
    const own = await effects();
    await own.ask({ do: 'link', settings: tunnel.link });
    await own.ask({ do: 'link', settings: { ...tunnel.link, tun: 'adit1', addresses: second.addresses } });
    const settings = order.startsWith('the first') ? [first, second] : [second, first];
    for (const each of settings) await own.ask({ do: 'routes', settings: each });
    const ipv4 = [VICTIM, '198.51.100.9', GATEWAY, '203.0.113.8'];
    expect(await Promise.all(ipv4.map(way))).toEqual(['adit1', 'adit0', 'adit0', 'adit1']);
    expect(await Promise.all([VICTIM6, '2001:db8:8::9'].map(way))).toEqual(['adit1', 'adit0']);
    // Applied again there is nothing to do, and each goes without a trace.
    for (const each of settings) await own.ask({ do: 'routes', settings: each });
    await own.ask({ do: 'undo', entry: entryOf(first) });
    expect(await Promise.all([VICTIM, '198.51.100.9'].map(way))).toEqual(['adit1', 'eth0']);
    await own.ask({ do: 'undo', entry: entryOf(second) });
    for (const name of ['adit0', 'adit1']) await quiet(name);
    expect(await snapshot(client)).toEqual(before);
  });
});

describe('IPv6 switched off on the adapter', () => {
  it('blocks the networks it cannot carry instead of letting them pass beside', async () => {
    const before = await snapshot(client);
    const own = await effects();
    const set = (value: number) =>
      client.run(['sh', '-c', `echo ${value} > /proc/sys/net/ipv6/conf/adit0/disable_ipv6`]);
    await set(1);
    expect(await own.ask({ do: 'link', settings: tunnel.link })).toEqual([
      expect.stringContaining('switched off'),
    ]);
    expect(await own.ask({ do: 'routes', settings: tunnel.routes })).toEqual([
      expect.stringContaining('blocked'),
    ]);
    expect(await wayOf(VICTIM, 'victim')).toBe('inside');
    expect(await wayOf(VICTIM6, 'victim6')).toBe('nowhere');
    await set(0);
    expect(await own.ask({ do: 'link', settings: tunnel.link })).toEqual([]);
    await own.ask({ do: 'routes', settings: tunnel.routes });
    expect(await wayOf(VICTIM6, 'victim6')).toBe('inside');
    await own.ask({ do: 'undo', entry: tunnel.routesEntry });
    await quiet('adit0');
    expect(await wayOf(VICTIM6, 'victim6')).toBe('lan');
    expect(await snapshot(client)).toEqual(before);
  });
});
