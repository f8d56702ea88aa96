/**
 * The rules of lockdown on a real Linux, packet by packet: what a client may send, and what it forwards for a container. What
 * a tunnel and its helper do under them is in test/interop/lockdown.test.ts.
 *
 *   lan 192.168.7.1, gateway's 203.0.113.9 --eth0-- client 192.168.7.2 --c0-- container 172.31.0.2
 *                                                   '---adit0-- inside 10.77.0.1
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LockdownSettings } from '#helper/effects/lockdown/lockdown-effect.ts';
import { lockdownTable, WITHOUT_LOCKDOWN } from '#helper/effects/lockdown/ruleset.ts';
import { MARK } from '#helper/tunnel/numbers.ts';
import type { Host } from '#test/harness/host.ts';
import { Traffic } from '#test/harness/traffic.ts';
import { World } from '#test/harness/world.ts';

const GATEWAY = '203.0.113.9';
const GATEWAY6 = '2001:db8:77::9';
const STRANGER = '203.0.113.66';
const STRANGER6 = '2001:db8:77::66';
const ROUTER = '192.168.7.1';
const ROUTER6 = 'fd07::1';
const INSIDE = '10.77.0.1';
const CONTAINER = '172.31.0.2';

const SETTINGS: LockdownSettings = {
  lan: false,
  mark: MARK,
  gateways: [
    { address: GATEWAY, port: 4500 },
    { address: GATEWAY6, port: 4500 },
  ],
  adapters: ['adit0'],
};

/** From this port the client's packets have the mark, as if root had set it. */
const MARKED = 40_000;
const PLAIN = 40_001;

let world: World;
let client: Host;
let lan: Host;
let container: Host;
let inside: Host;
let fromClient: Traffic;
let fromContainer: Traffic;

const lockdown = (change: Partial<LockdownSettings> = {}): Promise<void> =>
  client.nft(lockdownTable({ ...SETTINGS, ...change }));

async function heard(host: Host): Promise<number> {
  const text = await host.run(['nft', 'list', 'counter', 'inet', 'seen', 'datagrams']);
  return Number(/packets (\d+)/.exec(text)?.[1]);
}

const ARRIVES_MS = 100;

/** Whether a datagram gets there. */
async function arrives(
  from: Traffic,
  address: string,
  port: number,
  { at = lan, ...source }: { at?: Host; sourcePort?: number; sourceAddress?: string } = {},
): Promise<boolean> {
  const before = await heard(at);
  // A refused one is an error of the system's (EPERM), or is thrown away later.
  await from
    .datagram({ address, port }, Buffer.from('x'), { sourcePort: PLAIN, ...source })
    .catch(() => undefined);
  // A neighbour may have to be found first.
  const end = performance.now() + ARRIVES_MS;
  while ((await heard(at)) === before) {
    if (performance.now() > end) return false;
  }
  return true;
}

beforeAll(async () => {
  world = await World.create();
  [client, lan, container, inside] = await world.hosts('client', 'lan', 'container', 'inside');
  await world.link(
    { host: client, device: 'eth0', addresses: ['192.168.7.2/24', 'fd07::2/64'] },
    { host: lan, device: 'eth0', addresses: [`${ROUTER}/24`, `${ROUTER6}/64`] },
  );
  await world.link(
    { host: client, device: 'c0', addresses: ['172.31.0.1/24'] },
    { host: container, device: 'eth0', addresses: [`${CONTAINER}/24`] },
  );
  await world.link(
    { host: client, device: 'adit0', addresses: ['10.9.0.2/32'] },
    { host: inside, device: 'adit0', addresses: [`${INSIDE}/32`] },
  );
  await world.forwarding(client);
  for (const address of [GATEWAY, STRANGER]) await lan.ip(`addr add ${address}/32 dev lo`);
  for (const address of [GATEWAY6, STRANGER6]) await lan.ip(`addr add ${address}/128 dev lo`);
  await client.ip(`route add default via ${ROUTER}`);
  await client.ip(`-6 route add default via ${ROUTER6}`);
  await client.ip(`route add ${INSIDE}/32 dev adit0`);
  await container.ip('route add default via 172.31.0.1');
  await lan.ip('route add 172.31.0.0/24 via 192.168.7.2');
  await inside.ip('route add default via 10.9.0.2 dev adit0 onlink');
  for (const host of [lan, inside, container]) {
    await host.nft(
      'table inet seen { counter datagrams {}; chain c { type filter hook prerouting priority raw; meta l4proto udp counter name datagrams; }; }',
    );
  }
  await client.nft(
    `table inet marks { chain c { type route hook output priority mangle; udp sport ${MARKED} meta mark set ${MARK}; }; }`,
  );
  fromClient = Traffic.on(client);
  fromContainer = Traffic.on(container);
});
beforeEach(() => client.nft(WITHOUT_LOCKDOWN));
afterAll(() => world?.[Symbol.asyncDispose]());

describe('a tunnel’s own packets', () => {
  it.each([
    ['to the gateway’s port', GATEWAY, 4500, true],
    ['over IPv6', GATEWAY6, 4500, true],
    ['to another port of the gateway', GATEWAY, 4501, false],
    ['to another port of the gateway, over IPv6', GATEWAY6, 53, false],
    ['to somebody else', STRANGER, 4500, false],
    ['to somebody else, over IPv6', STRANGER6, 4500, false],
  ])('%s', async (_, address, port, passes) => {
    const sourcePort = MARKED;
    expect(await arrives(fromClient, address, port, { sourcePort })).toBe(true);
    await lockdown();
    expect(await arrives(fromClient, address, port, { sourcePort })).toBe(passes);
  });

  it('are of no use to a program that cannot set a mark', async () => {
    await lockdown();
    expect(await arrives(fromClient, GATEWAY, 4500)).toBe(false);
    expect(await arrives(fromClient, GATEWAY6, 4500)).toBe(false);
  });

  it('have nowhere to go where no tunnel wants any', async () => {
    await lockdown({ gateways: [] });
    expect(await arrives(fromClient, GATEWAY, 4500, { sourcePort: MARKED })).toBe(false);
  });
});

describe('what programs send', () => {
  it('goes into the tunnel, and nowhere else', async () => {
    await lockdown();
    expect(await arrives(fromClient, INSIDE, 9, { at: inside })).toBe(true);
    for (const address of [STRANGER, STRANGER6, ROUTER, ROUTER6]) {
      expect([address, await arrives(fromClient, address, 9)]).toEqual([address, false]);
    }
    expect(await arrives(fromClient, CONTAINER, 9, { at: container })).toBe(false);
  });

  it('is refused at once', async () => {
    await lockdown();
    const started = await client.try(['ping', '-n', '-c', '1', '-w', '20', STRANGER]);
    expect(started.stdout + started.stderr).toMatch(/filtered|not permitted/i);
  });

  it('stays within the machine', async () => {
    await lockdown();
    for (const address of ['127.0.0.1', '::1', '192.168.7.2']) {
      const { code } = await client.try(['ping', '-n', '-c', '1', '-w', '5', address]);
      expect([address, code]).toEqual([address, 0]);
    }
  });

  it('may be DHCP, from the port that is root’s', async () => {
    await lockdown();
    expect(await arrives(fromClient, ROUTER, 67, { sourcePort: 68 })).toBe(true);
    expect(await arrives(fromClient, ROUTER, 67)).toBe(false);
    expect(await arrives(fromClient, ROUTER, 53, { sourcePort: 68 })).toBe(false);
  });

  it('may be DHCP for IPv6, from an address of the link', async () => {
    await lockdown();
    const link = /inet6 (fe80::\S+)\//.exec(
      await client.run(['ip', '-6', 'addr', 'show', 'dev', 'eth0']),
    )?.[1];
    const from = (sourceAddress: string) => ({ sourcePort: 546, sourceAddress });
    expect(await arrives(fromClient, 'ff02::1:2%eth0', 547, from(`${link}%eth0`))).toBe(true);
    expect(await arrives(fromClient, ROUTER6, 547, from('fd07::2'))).toBe(false);
  });

  it('is refused, too, where a program binds to the adapter', async () => {
    const ping = ['ping', '-n', '-c', '1', '-W', '1', '-I', 'eth0', STRANGER];
    await client.run(ping);
    await lockdown();
    expect((await client.try(ping)).code).not.toBe(0);
  });

  it('finds its neighbours by IPv6 all the same', async () => {
    await lockdown();
    await client.run(['ip', 'neigh', 'flush', 'dev', 'eth0']);
    expect(await arrives(fromClient, GATEWAY6, 4500, { sourcePort: MARKED })).toBe(true);
  });

  it('reaches private addresses of the local network where that is wished for', async () => {
    await lockdown({ lan: true });
    for (const address of [ROUTER, ROUTER6]) {
      expect([address, await arrives(fromClient, address, 9)]).toEqual([address, true]);
    }
    for (const address of [STRANGER, STRANGER6, GATEWAY]) {
      expect([address, await arrives(fromClient, address, 9)]).toEqual([address, false]);
    }
    // Whoever is asked for a name asks others.
    for (const address of [ROUTER, ROUTER6]) {
      expect([address, await arrives(fromClient, address, 53)]).toEqual([address, false]);
    }
  });
});

describe('what other tables send elsewhere after it was routed into the tunnel, or to the machine itself', () => {
  const ELSEWHERE = 40_002;
  const translated = (address: string): string =>
    `table ip other { chain c { type nat hook output priority -100; ip daddr ${address} udp dport 9 dnat to ${STRANGER}; }; }`;

  it.each([
    ['another address, in place of one in the tunnel', translated(INSIDE), 'table ip other', INSIDE],
    ['another address, in place of our own', translated('192.168.7.2'), 'table ip other', '192.168.7.2'],
    [
      'another route, by a mark',
      `table inet other { chain c { type route hook output priority mangle; udp sport ${ELSEWHERE} meta mark set 0x77; }; }`,
      'table inet other',
      '203.0.113.67',
    ],
  ])('%s', async (_, table, name, address) => {
    await lan.ip('addr replace 203.0.113.67/32 dev lo');
    await client.ip('route replace 203.0.113.67/32 dev adit0');
    await client.ip('rule add fwmark 0x77 lookup 77');
    await client.ip(`route replace default via ${ROUTER} table 77`);
    await client.nft(table);
    try {
      const from = { sourcePort: ELSEWHERE };
      expect(await arrives(fromClient, address, 9, from)).toBe(true);
      await lockdown();
      expect(await arrives(fromClient, address, 9, from)).toBe(false);
    } finally {
      await client.nft(`delete ${name}`);
      await client.ip('rule del fwmark 0x77');
      await client.ip('route del 203.0.113.67/32 dev adit0');
    }
  });

  it('an adapter that only has the name of one', async () => {
    await client.ip('link add link eth0 name adit9 type macvlan mode bridge');
    await client.ip('addr add 198.51.100.1/24 dev adit9');
    await client.ip('link set adit9 up');
    await lan.ip('addr add 198.51.100.2/24 dev eth0');
    try {
      expect(await arrives(fromClient, '198.51.100.2', 9)).toBe(true);
      await lockdown();
      expect(await arrives(fromClient, '198.51.100.2', 9)).toBe(false);
    } finally {
      await client.ip('link del adit9');
    }
  });
});

describe('what is forwarded for a container', () => {
  it('goes into the tunnel, and nowhere else', async () => {
    expect(await arrives(fromContainer, STRANGER, 9)).toBe(true);
    await lockdown();
    expect(await arrives(fromContainer, INSIDE, 9, { at: inside })).toBe(true);
    expect(await arrives(fromContainer, STRANGER, 9)).toBe(false);
    expect(await arrives(fromContainer, ROUTER, 67, { sourcePort: 68 })).toBe(false);
  });

  it('is answered out of the tunnel', async () => {
    await lockdown();
    const fromInside = Traffic.on(inside);
    expect(await arrives(fromInside, CONTAINER, 9, { at: container })).toBe(true);
    // Nobody goes out into the world through us.
    expect(await arrives(fromInside, STRANGER, 9)).toBe(false);
  });

  it('does not reach the local network where only this machine is to', async () => {
    await lockdown({ lan: true });
    expect(await arrives(fromContainer, ROUTER, 9)).toBe(false);
  });

  it('goes nowhere without a tunnel', async () => {
    await lockdown({ adapters: [] });
    expect(await arrives(fromContainer, INSIDE, 9, { at: inside })).toBe(false);
    expect(await arrives(fromClient, INSIDE, 9, { at: inside })).toBe(false);
  });

  it('has no part in what the tunnels themselves may', async () => {
    await lockdown();
    const marks =
      'table inet forged { chain c { type filter hook prerouting priority raw; iifname "c0" meta mark set 44311; }; }';
    await client.nft(marks);
    try {
      expect(await arrives(fromContainer, GATEWAY, 4500)).toBe(false);
    } finally {
      await client.nft('delete table inet forged');
    }
  });
});

it('replaces itself, and goes, without a trace', async () => {
  const before = await client.run(['nft', 'list', 'ruleset']);
  await lockdown();
  const once = await client.run(['nft', 'list', 'ruleset']);
  await lockdown();
  expect(await client.run(['nft', 'list', 'ruleset'])).toBe(once);
  await client.nft(WITHOUT_LOCKDOWN);
  await client.nft(WITHOUT_LOCKDOWN);
  expect(await client.run(['nft', 'list', 'ruleset'])).toBe(before);
});
