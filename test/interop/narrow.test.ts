/** A way to a strongSwan gateway that is narrower behind the router than the client's own link: told by ICMP, or not. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft } from '#test/harness/checks.ts';
import { LAB } from '#test/harness/lab.ts';
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
