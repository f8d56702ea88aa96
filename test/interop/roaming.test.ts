/**
 * A client that goes from network to network with a real strongSwan behind it: the helper as it is installed, its own network watch,
 * a file on its way through the tunnel all the time, and a witness of what the status says.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import type { Snapshot } from '#test/harness/snapshot.ts';
import type { Transfer } from '#test/harness/traffic.ts';
import { Witness } from '#test/harness/witness.ts';

const SUITE = { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' } as const;
const IKE = { proposals: [SUITE.ike] };
const WIRE = { client: '10.1.0.2', router: '10.1.0.1' };
const WIFI = { client: '10.2.0.2', router: '10.2.0.1' };
const OUTSIDE = '192.0.2.254';

/** Some six seconds on the bounded way from the gateway. */
const BYTES = 3_000_000;
const SLOW = 'qdisc add dev eth0 root tbf rate 4mbit burst 20k latency 200ms'.split(' ');

describe('a client that roams', () => {
  let scene: Scene;
  let port: number;
  let before: Snapshot;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [
        { name: 'mobile', ...SUITE },
        { name: 'fixed', ...SUITE, gateway: { mobike: 'no' } },
      ],
    });
    const { world, client, router, gateway } = scene.lab;
    await world.link(
      { host: client, device: 'wlan0', addresses: [`${WIFI.client}/24`] },
      { host: router, device: 'wifi', addresses: [`${WIFI.router}/24`] },
    );
    // Behind the wireless network is a NAT, behind the wire is none.
    await world.rules(
      router,
      'ip',
      `chain c { type nat hook postrouting priority srcnat; ip saddr 10.2.0.0/24 oifname "wan" masquerade random; }`,
    );
    await gateway.run(['tc', ...SLOW]);
    port = (await scene.server.serve(LAB.inner.ip4)).port;
    before = await scene.snapshot();
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  const toWire = () => scene.lab.client.ip(`route replace default via ${WIRE.router}`);
  const toWifi = () => scene.lab.client.ip(`route replace default via ${WIFI.router}`);

  /** A tunnel with a file on its way; `travel` happens in the middle of it. */
  async function underway(
    name: 'mobile' | 'fixed',
    travel: (witness: Witness, id: string) => Promise<void>,
  ): Promise<{ witness: Witness; moved: Transfer }> {
    const id = await scene.adit.import(scene.profile(name), PSK);
    await scene.adit.up(id);
    await using witness = await Witness.of(scene.adit, id);
    const download = scene.user.download(`http://${LAB.inner.ip4}:${port}/${BYTES}`, 60_000);
    await witness.until(
      'some of the file is there',
      ({ children: [child] }) => (child?.bytesIn ?? 0) > 100_000,
    );
    let arrived = false;
    void download.finally(() => (arrived = true)).catch(() => undefined);
    await travel(witness, id);
    expect(arrived).toBe(false);
    const moved = await download;
    await toWire();
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
    expect(witness.lies()).toEqual([]);
    return { witness, moved };
  }

  const at =
    (local: string, mobike = true) =>
    (tunnel: Witness['last']): boolean =>
      tunnel.state === 'connected' && tunnel.path?.local.address === local && tunnel.path.mobike === mobike;

  it('to a network behind a NAT and back by MOBIKE: the file arrives, the connection is the same', async () => {
    const { witness, moved } = await underway('mobile', async (watching) => {
      const { ike } = watching.last;
      await toWifi();
      await watching.until('it is behind the NAT', at(WIFI.client));
      await until(
        'the gateway sees the NAT',
        async () => (await scene.gateway.sa('mobile')).remoteHost === OUTSIDE,
      );
      await watching.until('a NAT is noticed', (tunnel) => tunnel.nat?.local === true);
      await toWire();
      await watching.until('it is back', at(WIRE.client));
      await watching.until('there is no NAT', (tunnel) => tunnel.nat?.local === false);
      expect(watching.last.ike?.spiI).toBe(ike?.spiI);
    });
    expect(moved).toMatchObject({ bytes: BYTES, sha256: moved.expected });
    expect(witness.seen.every(({ tunnel }) => tunnel.state !== 'failed')).toBe(true);
  });

  it('to another network, and the gateway knows no MOBIKE: a fresh connection, and the file arrives', async () => {
    const { witness, moved } = await underway('fixed', async (watching) => {
      const { ike } = watching.last;
      await toWifi();
      await watching.until('it is behind the NAT', at(WIFI.client, false));
      expect(watching.last.ike?.spiI).not.toBe(ike?.spiI);
    });
    expect(moved).toMatchObject({ bytes: BYTES, sha256: moved.expected });
    const inner = witness.seen.filter(({ tunnel }) => tunnel.state === 'connected');
    expect(new Set(inner.map(({ tunnel }) => tunnel.virtualIps.join())).size).toBe(1);
  });

  it('stays behind a NAT that forgets it: the gateway is told of the new mapping', async () => {
    const { router } = scene.lab;
    await toWifi();
    const id = await scene.adit.import(scene.profile('mobile', { ike: { ...IKE, livenessSec: 3 } }), PSK);
    await scene.adit.up(id);
    await using witness = await Witness.of(scene.adit, id);
    for (const name of ['nf_conntrack_udp_timeout', 'nf_conntrack_udp_timeout_stream']) {
      await router.run(['sh', '-c', `echo 1 > /proc/sys/net/netfilter/${name}`]);
    }
    const mapping = async () => (await scene.gateway.sa('mobile')).remotePort;
    const first = await mapping();
    await until('the gateway follows', async () => (await mapping()) !== first, { timeoutMs: 20_000 });
    const moved = await scene.user.download(`http://${LAB.inner.ip4}:${port}/100000`);
    expect(moved).toMatchObject({ bytes: 100_000, sha256: moved.expected });
    expect(witness.states).toEqual(['connected']);
    expect(witness.lies()).toEqual([]);
    await toWire();
  });

  it('from IPv4 to IPv6 and back: MTU and guard follow, and the file arrives', async () => {
    const { client } = scene.lab;
    const mtus: (number | undefined)[] = [];
    const { moved } = await underway('mobile', async (watching) => {
      mtus.push(watching.last.interface?.mtu);
      await client.ip(`addr del ${WIRE.client}/24 dev eth0`);
      await client.ip(`addr del ${WIFI.client}/24 dev wlan0`);
      await watching.until('it is there over IPv6', at(LAB.client.ip6));
      await watching.until('the MTU follows', (tunnel) => tunnel.interface?.mtu !== mtus[0]);
      mtus.push(watching.last.interface?.mtu);
      await client.ip(`-6 route del default`);
      await client.ip(`addr add ${WIRE.client}/24 dev eth0`);
      await client.ip(`addr add ${WIFI.client}/24 dev wlan0`);
      await toWire();
      await watching.until('it is back', at(WIRE.client));
      await watching.until('the MTU follows', (tunnel) => tunnel.interface?.mtu === mtus[0]);
      await client.ip('-6 route add default via fd01::1');
    });
    expect((mtus[0] ?? 0) - (mtus[1] ?? 0)).toBe(20);
    expect(moved).toMatchObject({ bytes: BYTES, sha256: moved.expected });
  });
});
