/** A hundred connects and disconnects, a thousand where ADIT_LONG=1 asks for them: the helper and the system are as before. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Client } from '#cli/client.ts';
import { ADIT } from '#test/harness/adit.ts';
import { memoryTellingHelper } from '#test/harness/altered-helper.ts';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { residentMegabytes } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';

const ROUNDS = Number(process.env['ADIT_ROUNDS'] ?? (process.env['ADIT_LONG'] === '1' ? 1000 : 100));
const WARM_UP = 20;

const scratch = await mkdtemp(join(tmpdir(), 'adit-many-'));
afterAll(() => rm(scratch, { recursive: true }));

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

interface Sample {
  readonly round: number;
  readonly rss: number;
  readonly heap: number;
}

/** Megabytes a connection by least squares over the samples. */
function slope(samples: readonly Sample[], what: 'rss' | 'heap'): number {
  const mean = (of: (at: Sample) => number): number =>
    samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [x, y] = [mean(({ round }) => round), mean((each) => each[what])];
  return mean((each) => (each.round - x) * (each[what] - y)) / mean(({ round }) => (round - x) ** 2);
}

it(`${ROUNDS} connects and disconnects leave nothing`, { timeout: 900_000 }, async () => {
  const { program, heap } = await memoryTellingHelper(scratch);
  await using scene = await Scene.create({
    adit: { programs: { aditd: program, adit: ADIT } },
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
  const samples: Sample[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await client.call('tunnel.up', { id });
    await reached('connected');
    await client.call('tunnel.down', { id });
    await reached('disconnected');
    if (round === WARM_UP) early = await holdings(adit.pid, adit.stateDirectory);
    if (round > WARM_UP && round % 10 === 0) {
      samples.push({ round, heap: await heap(adit.pid), rss: await residentMegabytes(adit.pid) });
    }
  }
  const late = await holdings(adit.pid, adit.stateDirectory);
  // The helper keeps its last 2000 lines of log, which takes some two hundred connections to fill.
  const settled = samples.filter(({ round }) => round > ROUNDS / 2);
  const perConnection = { rss: slope(settled, 'rss'), heap: slope(settled, 'heap') };
  const of = (what: 'rss' | 'heap', sample: Sample | undefined): string => `${sample?.[what].toFixed(1)} MB`;
  const [first, last] = [samples[0], samples.at(-1)];
  console.info(
    `${ROUNDS} connections: RSS ${of('rss', first)} after ${first?.round}, ${of('rss', last)} at the end, ` +
      `${(perConnection.rss * 1000).toFixed(1)} MB per thousand in the second half; heap ${of('heap', first)} and ${of('heap', last)}, ` +
      `${(perConnection.heap * 1000).toFixed(2)} MB per thousand; ${early?.descriptors} and ${late.descriptors} descriptors`,
  );
  expect([late.descriptors, late.threads]).toEqual([early?.descriptors, early?.threads]);
  expect(late.files).toBe(early?.files);
  // Megabytes. A short run is still filling the log.
  expect(perConnection.heap).toBeLessThan(ROUNDS >= 1000 ? 0.001 : 0.02);
  await expectNothingLeft(scene, before);
  expect(await scene.gateway.sas()).toEqual([]);
  await adit.up(id);
  await expectTraffic(scene, id, 'plain');
  client.close();
});
