/** A way to a strongSwan gateway that is narrower behind the router than the client's own link: told by ICMP, or not. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import { moveFiles } from '#test/harness/traffic.ts';

const BOTH = { inner: [LAB.inner.net4, LAB.inner.net6], pools: ['p4', 'p6'] };
const SILENCE = `chain c { type filter hook output priority 0;
  icmp type destination-unreachable drop; icmpv6 type { packet-too-big, destination-unreachable } drop; }`;

describe('a path of 1340 octets', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: [
        { name: 'over4', ...BOTH },
        { name: 'over6', address: LAB.gateway.ip6, ...BOTH },
      ],
    });
    await scene.lab.router.ip('link set wan mtu 1340');
    await scene.lab.gateway.ip('link set eth0 mtu 1340');
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  // A way is taken once only: what the client's kernel has learned of it stays for ten minutes.
  it.each([
    ['over4', 'silent'],
    ['over4', 'that tells'],
    ['over6', 'that tells'],
  ])('%s, with a router %s: files come through both ways', { timeout: 60_000 }, async (name, router) => {
    await using silence =
      router === 'silent' ? await scene.lab.world.rules(scene.lab.router, 'inet', SILENCE) : undefined;
    expect(silence !== undefined).toBe(router === 'silent');
    const id = await scene.adit.import(scene.profile(name), PSK);
    const before = await scene.snapshot();
    await scene.adit.up(id, 30);
    if (silence) await expectUpload(scene);
    for (const address of [LAB.inner.ip4, LAB.inner.ip6]) {
      expect(await moveFiles(scene.server, scene.user, address, 1_000_000)).toEqual({
        down: 'equal',
        up: 'equal',
      });
    }
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  });
});

/** One upload and nothing else meets the hole: two questions to the gateway tell that it lives, before TCP repeats itself for the fifth time. */
async function expectUpload({ server, user, lab }: Scene): Promise<void> {
  const { port } = await server.serve(LAB.inner.ip4);
  const over = new AbortController();
  const upload = user.upload(`http://${LAB.inner.ip4}:${port}/`, 1_000_000).finally(() => over.abort());
  /** The most often that TCP doubled its time-out: once for each repetition of one and the same segment. */
  const repeated = async () => {
    let most = 0;
    while (!over.signal.aborted) {
      const sockets = await lab.client.run(['ss', '-tnio', 'dst', LAB.inner.ip4]);
      most = Math.max(most, ...[...sockets.matchAll(/ backoff:(\d+)/g)].map(([, count]) => Number(count)));
      await delay(50);
    }
    return most;
  };
  const [{ ms, sha256, expected }, repetitions] = await Promise.all([upload, repeated()]);
  expect(sha256).toBe(expected);
  console.info(
    `an upload into a black hole came through after ${Math.round(ms)} ms, ${repetitions} repetitions`,
  );
  expect(repetitions).toBeGreaterThan(0);
  expect(repetitions).toBeLessThan(5);
}

/** A file that is on its way for some seconds. */
const BYTES = 4_000_000;
const SLOW = 'qdisc add dev wan root tbf rate 4mbit burst 20k latency 100ms'.split(' ');

describe('a gateway out of reach in the middle of an upload', () => {
  it('for three seconds makes nobody take the path for a narrow one', { timeout: 60_000 }, async () => {
    await using scene = await Scene.create({ ways: [{ name: 'plain' }] });
    const { client, router, world } = scene.lab;
    const id = await scene.adit.import(scene.profile('plain'), PSK);
    await scene.adit.up(id);
    const { port } = await scene.server.serve(LAB.inner.ip4);
    await router.run(['tc', ...SLOW]);
    const upload = scene.user.upload(`http://${LAB.inner.ip4}:${port}/`, BYTES, 50_000);
    const sent = async () => (await scene.adit.tunnel(id))?.children.at(-1)?.bytesOut ?? 0;
    await until('some of the file is there', async () => (await sent()) > BYTES / 8);
    const outage = await world.block(router, 'meta l4proto udp');
    await delay(3000);
    expect(await sent()).toBeLessThan(BYTES);
    await outage[Symbol.asyncDispose]();
    const { sha256, expected } = await upload;
    expect(sha256).toBe(expected);
    const said = (await scene.adit.run(['log'])).match(/large packets vanish.*/)?.[0];
    const learned = (await client.ip(`route get ${LAB.inner.ip4}`)).match(/ mtu \d+/)?.[0];
    expect({ said, learned }).toEqual({ said: undefined, learned: undefined });
    await scene.adit.down(id);
  });
});
