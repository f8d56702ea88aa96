/**
 * Ways to a gateway under lockdown: ESP by itself and over IPv6, a NAT that appears, a gateway that is known by its name. Nothing
 * else leaves the client meanwhile.
 */
import { describe, expect, it } from 'vitest';
import { Adit } from '#test/harness/adit.ts';
import { bareProfile, startBareGateway } from '#test/harness/bare-esp.ts';
import { gatewayAddress, LAB, Lab } from '#test/harness/lab.ts';
import { Leaks } from '#test/harness/leaks.ts';
import { startDnsServer, writeResolvConf } from '#test/harness/name-service.ts';
import { until } from '#test/harness/process.ts';
import { GATEWAY_ID, PSK, Scene } from '#test/harness/scene.ts';
import { moveFiles, Traffic } from '#test/harness/traffic.ts';

const ROUTER = '10.1.0.1';
const TALK = [
  { protocol: 'udp', address: LAB.gateway.ip4, port: 4500 },
  { protocol: 'udp', address: LAB.gateway.ip6, port: 4500 },
  { protocol: 'udp', address: '192.0.2.254', port: 53 },
  { protocol: 'tcp', address: '2001:db8:2::fe', port: 443 },
] as const;

const leaksOf = ({ world, client, router }: Lab, gateways: readonly string[]): Promise<Leaks> =>
  Leaks.on({ world, client, router, device: 'lan', gateways }, TALK);

describe('a tunnel with ESP by itself', () => {
  /** Connected under lockdown; `carries` moves files both ways, inside both families. */
  async function connected(address: string, networks?: readonly string[]) {
    const lab = await Lab.create();
    await startBareGateway(lab);
    const adit = await Adit.start(lab.world, lab.client);
    const leaks = await leaksOf(lab, [address]);
    const [server, user] = [Traffic.on(lab.gateway), Traffic.on(lab.client)];
    const carries = async (): Promise<void> => {
      for (const inner of [LAB.inner.ip4, LAB.inner.ip6]) {
        expect(await moveFiles(server, user, inner, 300_000)).toEqual({ down: 'equal', up: 'equal' });
      }
    };
    const id = await adit.import(bareProfile(address, networks), PSK);
    await adit.run(['lockdown', 'on']);
    const seen = await leaks.during(async () => {
      const { children } = await adit.up(id);
      expect(children).toMatchObject([{ encapsulated: false }]);
      await carries();
    });
    return { lab, adit, leaks, id, carries, seen };
  }

  it.each([LAB.gateway.ip4, LAB.gateway.ip6])('for everything, to %s', async (address) => {
    const { lab, seen } = await connected(address);
    await using _lab = lab;
    expect(seen.leaks).toEqual([]);
    expect(seen.tunnelled).toBeGreaterThan(50);
  });

  it('and then in UDP, since a NAT appears', async () => {
    // Not for everything: what programs say would be in the tunnel, whatever lockdown lets out.
    const inside = [LAB.inner.net4, LAB.inner.net6];
    const { lab, adit, leaks, id, carries } = await connected(LAB.gateway.ip4, inside);
    await using _lab = lab;
    await using _nat = await lab.world.masquerade(lab.router, 'wan');
    const moved = await leaks.during(async () => {
      await lab.client.ip('addr del 10.1.0.2/24 dev eth0');
      await lab.client.ip('addr add 10.1.0.77/24 dev eth0');
      await lab.client.ip(`route replace default via ${ROUTER} dev eth0`);
      await until('the NAT is noticed', async () => (await adit.tunnel(id))?.nat?.local === true);
      await carries();
    });
    expect(moved.leaks).toEqual([]);
    expect(moved.tunnelled).toBeGreaterThan(50);
  });
});

describe('a gateway by its name', () => {
  it('is found where it was when a tunnel was last connected, and nobody is asked', async () => {
    await using scene = await Scene.create({ ways: [{ name: 'plain', esp: 'aes256gcm16' }] });
    const { client, router } = scene.lab;
    await writeResolvConf(client, `nameserver ${ROUTER}\n`);
    await startDnsServer(router, ROUTER, gatewayAddress(0));
    const gateway = { addresses: ['vpn.lab'], id: GATEWAY_ID };
    const id = await scene.adit.import(scene.profile('plain', { gateway }), PSK);
    await using leaks = await leaksOf(scene.lab, [gatewayAddress(0)]);
    await scene.adit.run(['lockdown', 'on']);
    const unknown = await leaks.during(async () => {
      const up = await scene.adit.try(['up', id, '--timeout', '20']);
      expect([up.code, up.stderr]).toEqual([
        1,
        expect.stringMatching(/Lockdown is on, so no name server is within reach/),
      ]);
    });
    await scene.adit.run(['lockdown', 'off']);
    await scene.adit.up(id);
    await scene.adit.down(id);
    await scene.adit.run(['lockdown', 'on']);
    const known = await leaks.during(async () => {
      // Another helper: it is on the disk.
      await scene.adit.stop();
      await scene.adit.restart();
      await scene.adit.up(id);
    });
    expect([unknown, known]).toMatchObject([{ leaks: [], tunnelled: 0 }, { leaks: [] }]);
    expect(known.tunnelled).toBeGreaterThan(0);
  });
});
