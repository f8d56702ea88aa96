/** A hundred connects and disconnects, a thousand where ADIT_LONG=1 asks for them: the helper and the system are as before. */
import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { Client } from '#cli/client.ts';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { residentMegabytes } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';

const ROUNDS = process.env['ADIT_LONG'] === '1' ? 1000 : 100;
const WARM_UP = 20;

/** What a process holds that a leak would raise; megabytes for memory. */
async function holdings(pid: number, stateDirectory: string) {
  const fds = await readdir(`/proc/${pid}/fd`);
  const threads = await readdir(`/proc/${pid}/task`);
  return {
    descriptors: fds.length,
    threads: threads.length,
    files: (await readdir(stateDirectory, { recursive: true })).toSorted().join('\n'),
    rss: await residentMegabytes(pid),
  };
}

/** Megabytes a connection by least squares over the samples. */
function slope(samples: readonly { readonly round: number; readonly rss: number }[]): number {
  const mean = (of: (at: (typeof samples)[number]) => number): number =>
    samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [x, y] = [mean(({ round }) => round), mean(({ rss }) => rss)];
  return mean(({ round, rss }) => (round - x) * (rss - y)) / mean(({ round }) => (round - x) ** 2);
}

it(`${ROUNDS} connects and disconnects leave nothing`, { timeout: 900_000 }, async () => {
  await using scene = await Scene.create({
    ways: [{ name: 'plain', ike: 'aes256gcm16-prfsha384-ecp256', esp: 'aes256gcm16' }],
  });
  const { adit, lab } = scene;
  const id = await adit.import(scene.profile('plain'), PSK);
  const before = await scene.snapshot();
  // The socket lies in the client's own /run.
  const client = await Client.connect(`/proc/${lab.client.pid}/root${adit.socket}`);
  const statuses = client.statuses();
  const reached = async (...wanted: readonly string[]): Promise<void> => {
    for (;;) {
      const { value } = await statuses.next();
      const tunnel = value.tunnels.find(({ profile }) => profile.id === id);
      const state = tunnel?.state ?? 'disconnected';
      if (state === 'failed') throw new Error(JSON.stringify(tunnel?.failure));
      if (wanted.includes(state)) return;
    }
  };
  await statuses.next();
  let early: Awaited<ReturnType<typeof holdings>> | undefined;
  const samples: { round: number; rss: number }[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await client.call('tunnel.up', { id });
    await reached('connected');
    await client.call('tunnel.down', { id });
    await reached('disconnected');
    if (round === WARM_UP) early = await holdings(adit.pid, adit.stateDirectory);
    if (round > WARM_UP && round % 10 === 0) samples.push({ round, rss: await residentMegabytes(adit.pid) });
  }
  const late = await holdings(adit.pid, adit.stateDirectory);
  const perConnection = slope(samples);
  console.info(
    `${ROUNDS} connections: RSS ${early?.rss.toFixed(1)} MB after ${WARM_UP}, ${late.rss.toFixed(1)} MB at the end, ` +
      `${(perConnection * 1000).toFixed(1)} kB a connection; ${early?.descriptors} and ${late.descriptors} descriptors`,
  );
  expect([late.descriptors, late.threads]).toEqual([early?.descriptors, early?.threads]);
  expect(late.files).toBe(early?.files);
  // A short run is still within what V8 takes before it begins to collect.
  expect(perConnection).toBeLessThan(ROUNDS >= 1000 ? 0.01 : 0.3);
  await expectNothingLeft(scene, before);
  expect(await scene.gateway.sas()).toEqual([]);
  await adit.up(id);
  await expectTraffic(scene, id, 'plain');
  client.close();
});
