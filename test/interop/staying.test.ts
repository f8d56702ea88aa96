/**
 * What a tunnel stands with a real strongSwan at the other end: a link that goes down, loss during rekeyings, authentication again,
 * a redirect, a night's sleep. Side by side, a scene each, with a witness of what the status says.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { ADIT } from '#test/harness/adit.ts';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { jumpingHelper, NIGHT_MS } from '#test/harness/altered-helper.ts';
import { gatewayAddress, LAB } from '#test/harness/lab.ts';
import { startDnsServer, writeResolvConf } from '#test/harness/name-service.ts';
import { readFrames } from '#test/harness/pcap.ts';
import { GATEWAY_ID, PSK, Scene, type SceneOptions } from '#test/harness/scene.ts';
import { Witness } from '#test/harness/witness.ts';

const SUITE = { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' } as const;
const IKE = { proposals: [SUITE.ike], livenessSec: 3 };
/** How long the link is down: a minute where somebody has the time. */
const DOWN_MS = Number(process.env['ADIT_LINK_DOWN_SEC'] ?? 6) * 1000;
const BYTES = 3_000_000;
const ETHERNET_IPV4 = 0x0800;

const scratch = await mkdtemp(join(tmpdir(), 'adit-staying-'));
afterAll(() => rm(scratch, { recursive: true }));

const inState = (state: string) => (tunnel: TunnelStatus) => tunnel.state === state;

async function sceneWith(
  gateway: NonNullable<SceneOptions['ways'][number]['gateway']> = {},
  more: Partial<SceneOptions> = {},
): Promise<Scene> {
  return await Scene.create({ ways: [{ name: 'plain', ...SUITE, gateway }], ...more });
}

/** Connects, and watches from then on. */
async function connected(scene: Scene, ike: ProfileInput['ike'] = IKE) {
  const id = await scene.adit.import(scene.profile('plain', { ike }), PSK);
  const before = await scene.snapshot();
  await scene.adit.up(id);
  const witness = await Witness.of(scene.adit, id);
  return { id, before, witness };
}

/** A file that takes `seconds` to come. */
async function slowFile(scene: Scene, seconds: number, bytes = BYTES) {
  const { port } = await scene.server.serve(LAB.inner.ip4);
  const rate = `${Math.round((bytes * 8.8) / seconds / 1000)}kbit`;
  await scene.lab.gateway.run(
    `tc qdisc add dev eth0 root tbf rate ${rate} burst 20k latency 200ms`.split(' '),
  );
  const download = scene.user.download(`http://${LAB.inner.ip4}:${port}/${bytes}`, 120_000);
  return async () => {
    const moved = await download;
    expect(moved).toMatchObject({ bytes, sha256: moved.expected });
  };
}

/** Packets outside that belong inside. */
async function inTheClear(file: string): Promise<{ all: number; leaked: string[] }> {
  const frames = readFrames(await readFile(file)).filter(
    ({ bytes }) => bytes.readUInt16BE(12) === ETHERNET_IPV4,
  );
  const ends = frames.map(({ bytes }) => [26, 30].map((at) => [...bytes.subarray(at, at + 4)].join('.')));
  const inner = (address: string): boolean => /^10\.(99|88)\./.test(address);
  return {
    all: ends.length,
    leaked: ends.filter((pair) => pair.some(inner)).map((pair) => pair.join(' > ')),
  };
}

describe.concurrent('a tunnel', () => {
  it('whose link is down for a while: nothing leaves in the clear, a file on its way arrives', async () => {
    await using scene = await sceneWith();
    const { client, router, world } = scene.lab;
    const { id, before, witness } = await connected(scene);
    const capture = await world.capture(client, 'eth0', 'leaks');
    const arrives = await slowFile(scene, 6);
    await witness.until('some of it is there', ({ children: [child] }) => (child?.bytesIn ?? 0) > 100_000);
    const pings = client.start(['ping', '-i', '0.2', LAB.inner.ip4]);
    const cut = Date.now();
    await router.ip('link set lan down');
    await sleep(DOWN_MS);
    const mute = await world.block(router, 'udp dport { 500, 4500 }');
    await router.ip('link set lan up');
    // The network is there, the gateway is not: whatever leaks would leave now.
    await sleep(2000);
    await mute[Symbol.asyncDispose]();
    const back = Date.now();
    const { at } = await witness.until(
      'it is back',
      ({ state, liveness }) => state === 'connected' && Date.parse(liveness?.lastProof ?? '') > back,
    );
    console.info(`down for ${back - cut} ms, proven to be connected ${at - back} ms after that`);
    await arrives();
    await pings.stop();
    await scene.adit.down(id);
    expect(witness.lies()).toEqual([]);
    const { all, leaked } = await inTheClear(await capture.stop());
    expect(all).toBeGreaterThan(100);
    expect(leaked).toEqual([]);
    await router.ip('-6 addr replace fd01::1/64 dev lan nodad');
    await expectNothingLeft(scene, before);
  });

  it('that the gateway rekeys, IKE and Child SA, while every fifth packet is lost: never interrupted', async () => {
    const children = {
      net: {
        local_ts: [LAB.inner.net4],
        esp_proposals: SUITE.esp,
        rekey_time: '3s',
        rand_time: '0s',
        life_time: '60s',
      },
    };
    await using scene = await sceneWith(
      { rekey_time: '5s', rand_time: '0s', over_time: '60s', children },
      { charon: { retransmit_tries: 9, retransmit_base: 1.3 } },
    );
    // No questions of ours: seven attempts at such a loss fail once in a thousand times.
    const { id, before, witness } = await connected(scene, { proposals: [SUITE.ike] });
    {
      await using _loss = await scene.lab.world.lose(scene.lab.router, 20);
      await sleep(20_000);
    }
    const ikes = new Set(witness.seen.map(({ tunnel }) => tunnel.ike?.spiI));
    const childSas = new Set(witness.seen.flatMap(({ tunnel }) => tunnel.children.map(({ spiIn }) => spiIn)));
    console.info(`20 s at 20 % loss: ${ikes.size} IKE SAs, ${childSas.size} Child SAs`);
    expect(ikes.size).toBeGreaterThan(2);
    expect(childSas.size).toBeGreaterThan(3);
    expect(witness.states).toEqual(['connected']);
    await expect(scene.user.download(await small(scene))).resolves.toMatchObject({ bytes: 100_000 });
    expect(witness.lies()).toEqual([]);
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });

  it.each([
    ['Child SA', { child: 'net' }],
    ['IKE SA', { ike: 'plain' }],
  ])(
    'that the NAT forgets while the gateway rekeys its %s: packets flow before the gateway repeats itself',
    async (what, sa) => {
      // charon moves its ESP when that request is answered, and repeats it after half a minute.
      await using scene = await sceneWith({}, { charon: { retransmit_timeout: 30 } });
      const { router, client, world } = scene.lab;
      await using _nat = await world.masquerade(router, 'wan');
      const { id, before, witness } = await connected(scene);
      const { port } = await scene.server.serve(LAB.inner.ip4);
      const pings = client.start(['ping', '-i', '0.1', LAB.inner.ip4]);
      // Until the router takes it for a stream: two seconds, in Linux.
      await sleep(2000);
      const mapping = async () => (await scene.gateway.sa('plain')).remotePort;
      const first = await mapping();
      // A flow that is silent for a second is forgotten.
      for (const name of ['nf_conntrack_udp_timeout', 'nf_conntrack_udp_timeout_stream']) {
        await router.run(['sh', '-c', `echo 1 > /proc/sys/net/netfilter/${name}`]);
      }
      await sleep(300);
      {
        await using _cut = await world.rules(
          router,
          'ip',
          'chain c { type filter hook prerouting priority -300; drop; }',
        );
        await scene.gateway.rekey(sa);
        await sleep(2500);
      }
      const back = Date.now();
      const moved = await scene.user.download(`http://${LAB.inner.ip4}:${port}/100000`);
      console.info(`the gateway was rekeying its ${what}: back after ${Date.now() - back} ms`);
      expect(moved).toMatchObject({ bytes: 100_000, sha256: moved.expected });
      const told = await scene.gateway.log();
      expect(told).toMatch(/generating CREATE_CHILD_SA request 0/);
      expect(told).not.toMatch(/retransmit \d+ of request/);
      expect(await mapping()).not.toBe(first);
      expect(witness.states).toEqual(['connected']);
      await pings.stop();
      await scene.adit.down(id);
      expect(witness.lies()).toEqual([]);
      await expectNothingLeft(scene, before);
    },
  );

  it('whose gateway wants a login each half minute: another one beside it, and a file goes on', async () => {
    await using scene = await sceneWith({ reauth_time: '34s', rand_time: '0s', over_time: '5s' });
    const { id, before, witness } = await connected(scene);
    const first = witness.last.ike;
    expect(first?.reauthenticateAt).not.toBeNull();
    const arrives = await slowFile(scene, 36);
    await witness.until(
      'there is another one',
      ({ state, ike }) => state === 'connected' && ike?.spiI !== first?.spiI,
      { timeoutMs: 45_000 },
    );
    await arrives();
    expect(witness.states).toEqual(['connected']);
    expect(witness.lies()).toEqual([]);
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });

  it('that is sent to another gateway: from one to the other without a gap, where the profile permits it', async () => {
    await using scene = await Scene.create({
      ways: [
        { name: 'plain', ...SUITE },
        { name: 'other', ...SUITE },
      ],
    });
    const to = gatewayAddress(1);
    const gateway = { addresses: [gatewayAddress(0)], id: GATEWAY_ID, redirects: [to] };
    const id = await scene.adit.import(scene.profile('plain', { gateway }), PSK);
    const before = await scene.snapshot();
    await scene.adit.up(id);
    await using witness = await Witness.of(scene.adit, id);
    const arrives = await slowFile(scene, 4);
    await scene.gateway.redirect('plain', to);
    await witness.until('it is there', (tunnel) => tunnel.gateway?.address === to);
    await arrives();
    expect(witness.states).toEqual(['connected']);
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });

  it('whose gateway moves, known by a name that only the servers outside can tell: it is found there', async () => {
    await using scene = await Scene.create({
      ways: [
        { name: 'plain', ...SUITE },
        { name: 'other', ...SUITE },
      ],
    });
    const { client, router, world } = scene.lab;
    const outside = '10.1.0.1';
    await writeResolvConf(client, `nameserver ${outside}\n`);
    const names = await startDnsServer(router, outside, gatewayAddress(0));
    const gateway = { addresses: ['vpn.lab'], id: GATEWAY_ID };
    const id = await scene.adit.import(scene.profile('plain', { gateway }), PSK);
    const before = await scene.snapshot();
    const { dns } = await scene.adit.up(id);
    expect(dns.servers).toEqual([LAB.dns.ip4]);
    await using witness = await Witness.of(scene.adit, id);
    await names.stop();
    await startDnsServer(router, outside, gatewayAddress(1));
    await using _gone = await world.block(router, `ip daddr ${gatewayAddress(0)}`);
    await scene.gateway.terminate({ ike: 'plain' }, true);
    await witness.until('it is there', ({ gateway: at }) => at?.address === gatewayAddress(1));
    await witness.until('it stands', inState('connected'));
    expect(witness.lies()).toEqual([]);
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });

  it('of a machine that sleeps for eight hours, twice: the gateway knows it the first time, and has forgotten it the second', async () => {
    const aditd = await jumpingHelper(scratch);
    await using scene = await sceneWith({}, { adit: { programs: { aditd, adit: ADIT } } });
    const { id, before, witness } = await connected(scene);
    const first = witness.last.ike?.spiI;
    const night = async (): Promise<number> => {
      const from = witness.seen.length;
      witness.aheadMs += NIGHT_MS;
      const woke = Date.now();
      process.kill(scene.adit.pid, 'SIGUSR2');
      await witness.until('what was believed is not shown any more', inState('reconnecting'), {
        since: from,
      });
      const doubt = witness.seen.findIndex(({ tunnel }, at) => at >= from && tunnel.state === 'reconnecting');
      await witness.until('it is back', inState('connected'), { since: doubt });
      return Date.now() - woke;
    };
    const known = await night();
    expect(witness.last.ike?.spiI).toBe(first);
    await scene.gateway.kill();
    await scene.gateway.restart();
    const forgotten = await night();
    expect(witness.last.ike?.spiI).not.toBe(first);
    console.info(`after a night: back in ${known} ms where the gateway knows us, ${forgotten} ms where not`);
    await expectTraffic(scene, id, 'plain');
    expect(witness.lies()).toEqual([]);
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });
});

/** The URL of a small file. */
async function small(scene: Scene): Promise<string> {
  const { port } = await scene.server.serve(LAB.inner.ip4);
  return `http://${LAB.inner.ip4}:${port}/100000`;
}
