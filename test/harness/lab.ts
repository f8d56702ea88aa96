/**
 * The standard laboratory: client -- router -- gateway, IPv4 and IPv6 outside, an inner network on the gateway's
 * loopback (kernel-libipsec cannot have a selector equal to its own IKE address). NAT is put on where a test asks.
 *
 *   client 10.1.0.2, fd01::2 --- router --- gateway 192.0.2.1, 2001:db8:2::1 and, for many connections at once,
 *                                           192.0.2.10 and up; inside: 10.99.0.1, fd99::1
 */
import type { Host } from './host.ts';
import type { SwanctlConfig } from './strongswan.ts';
import { World } from './world.ts';

export const LAB = {
  client: { ip4: '10.1.0.2', ip6: 'fd01::2' },
  gateway: { ip4: '192.0.2.1', ip6: '2001:db8:2::1' },
  /** Addresses behind the gateway, and what it hands to clients. */
  inner: { ip4: '10.99.0.1', ip6: 'fd99::1', net4: '10.99.0.0/24', net6: 'fd99::/64' },
  pool: { ip4: '10.88.0.0/24', ip6: 'fd88::/112' },
  dns: { ip4: '10.99.0.53', ip6: 'fd99::53' },
} as const;

export class Lab implements AsyncDisposable {
  readonly world: World;
  readonly client: Host;
  readonly router: Host;
  readonly gateway: Host;

  private constructor(world: World, client: Host, router: Host, gateway: Host) {
    this.world = world;
    this.client = client;
    this.router = router;
    this.gateway = gateway;
  }

  /** `gatewayAddresses` adds that many IPv4 addresses to the gateway, from 192.0.2.10 on. */
  static async create(options: { gatewayAddresses?: number } = {}): Promise<Lab> {
    const world = await World.create();
    try {
      const [client, router, gateway] = await Promise.all([
        world.host('client'),
        world.host('router'),
        world.host('gateway'),
      ]);
      const more = Array.from(
        { length: options.gatewayAddresses ?? 0 },
        (_, at) => `${gatewayAddress(at)}/24`,
      );
      await world.link(
        { host: client, device: 'eth0', addresses: ['10.1.0.2/24', 'fd01::2/64'] },
        { host: router, device: 'lan', addresses: ['10.1.0.1/24', 'fd01::1/64'] },
      );
      await world.link(
        { host: router, device: 'wan', addresses: ['192.0.2.254/24', '2001:db8:2::fe/64'] },
        { host: gateway, device: 'eth0', addresses: ['192.0.2.1/24', '2001:db8:2::1/64', ...more] },
      );
      await world.forwarding(router);
      await client.ip('route add default via 10.1.0.1');
      await client.ip('-6 route add default via fd01::1');
      await gateway.ip('route add default via 192.0.2.254');
      await gateway.ip('-6 route add default via 2001:db8:2::fe');
      for (const address of [LAB.inner.ip4, LAB.dns.ip4]) await gateway.ip(`addr add ${address}/32 dev lo`);
      for (const address of [LAB.inner.ip6, LAB.dns.ip6]) await gateway.ip(`addr add ${address}/128 dev lo`);
      return new Lab(world, client, router, gateway);
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.world[Symbol.asyncDispose]();
  }
}

/** The gateway's address for connection number `at`. */
export function gatewayAddress(at: number): string {
  return `192.0.2.${10 + at}`;
}

/** Pools and DNS that the gateway hands out. */
export const POOLS: NonNullable<SwanctlConfig['pools']> = {
  p4: { addrs: LAB.pool.ip4, dns: LAB.dns.ip4 },
  p6: { addrs: LAB.pool.ip6, dns: LAB.dns.ip6 },
};
