/**
 * ESP as IP protocol 50 end to end: the helper with `ike.encapsulation: auto` and a gateway of our own, no NAT between them,
 * then one; and a strongSwan gateway whose ESP in user space takes UDP only, and says so.
 */
import { describe, expect, it } from 'vitest';
import { Adit } from '#test/harness/adit.ts';
import { bareProfile, startBareGateway } from '#test/harness/bare-esp.ts';
import { runThrough } from '#test/harness/checks.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import { moveFiles, Traffic } from '#test/harness/traffic.ts';

/** Of the adapter with AES-GCM on a path of 1500 octets. */
const MTU = {
  esp: 1500 - 20 - 8 - 8 - 16 - 2,
  esp6: 1500 - 40 - 8 - 8 - 16 - 2,
  udp: 1500 - 20 - 8 - 8 - 8 - 16 - 2,
} as const;

describe('a gateway of our own', () => {
  it.each([
    [LAB.gateway.ip4, MTU.esp],
    [LAB.gateway.ip6, MTU.esp6],
  ])('at %s takes ESP by itself, with no UDP let through for it', async (address, mtu) => {
    await using lab = await Lab.create();
    const gateway = await startBareGateway(lab);
    await using adit = await Adit.start(lab.world, lab.client);
    const [server, user] = [Traffic.on(lab.gateway), Traffic.on(lab.client)];
    // The guard of our own firewall has to let it in where the way back is another.
    await lab.client.run([
      'sysctl',
      '-qw',
      'net.ipv4.conf.all.rp_filter=1',
      'net.ipv4.conf.eth0.rp_filter=1',
    ]);
    // IKE has its header; ESP in UDP begins with an SPI that is not zero.
    await lab.world.block(lab.router, 'udp dport 4500 @th,64,32 != 0');
    await lab.world.block(lab.router, 'udp sport 4500 @th,64,32 != 0');
    const id = await adit.import(bareProfile(address), PSK);
    const tunnel = await adit.up(id);
    expect(tunnel.nat).toEqual({ local: false, remote: false });
    expect(tunnel.children).toMatchObject([{ encapsulated: false }]);
    expect(tunnel.interface?.mtu).toBe(mtu);
    for (const inner of [LAB.inner.ip4, LAB.inner.ip6]) {
      expect(await moveFiles(server, user, inner, 300_000)).toEqual({ down: 'equal', up: 'equal' });
    }
    expect(await gateway.counters()).toMatchObject({ children: 1, replayDrops: 0, authFailures: 0 });
    await adit.down(id);
  });

  it('follows into UDP when a NAT appears, and out again', async () => {
    await using lab = await Lab.create();
    const gateway = await startBareGateway(lab);
    await using adit = await Adit.start(lab.world, lab.client);
    const [server, user] = [Traffic.on(lab.gateway), Traffic.on(lab.client)];
    const id = await adit.import(bareProfile(LAB.gateway.ip4), PSK);
    await adit.up(id);
    const behindNat = async () => (await adit.tunnel(id))?.nat?.local;
    const moveTo = async (from: string, to: string) => {
      await lab.client.ip(`addr del ${from}/24 dev eth0`);
      await lab.client.ip(`addr add ${to}/24 dev eth0`);
      await lab.client.ip('route replace default via 10.1.0.1 dev eth0');
    };
    {
      await using _nat = await lab.world.masquerade(lab.router, 'wan');
      await moveTo(LAB.client.ip4, '10.1.0.77');
      await until('the NAT is noticed', async () => (await behindNat()) === true);
      await until(
        'the adapter leaves room for UDP',
        async () => (await adit.tunnel(id))?.interface?.mtu === MTU.udp,
      );
      await using _wall = await lab.world.block(lab.router, 'meta l4proto esp');
      expect(await moveFiles(server, user, LAB.inner.ip4, 100_000)).toEqual({ down: 'equal', up: 'equal' });
      expect((await gateway.counters()).clients).toEqual(['192.0.2.254']);
    }
    await moveTo('10.1.0.77', LAB.client.ip4);
    await until('there is none any more', async () => (await behindNat()) === false);
    await until(
      'the adapter has its room again',
      async () => (await adit.tunnel(id))?.interface?.mtu === MTU.esp,
    );
    expect(await moveFiles(server, user, LAB.inner.ip4, 100_000)).toEqual({ down: 'equal', up: 'equal' });
    expect(await gateway.counters()).toMatchObject({ connections: 1, children: 1 });
  });
});

it('a strongSwan gateway with ESP in user space insists on UDP, and gets it', async () => {
  await using scene = await Scene.create({
    ways: [{ name: 'auto', esp: 'aes256gcm16', profile: { ike: { encapsulation: 'auto' } } }],
  });
  await runThrough(scene, 'auto', {
    connected: ({ nat, children }) => {
      expect(nat?.remote).toBe(true);
      expect(children).toMatchObject([{ encapsulated: true }]);
    },
  });
});
