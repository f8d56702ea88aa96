/** A whole tunnel against a real gateway changes nothing that the helper's own network watch would take for a change. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';

/** Longer than the watch takes to tell, and than the kernel's own delay of a carrier. */
const QUIET_MS = 1500;

it('connects, carries and ends without an event; a stranger makes one', async () => {
  await using scene = await Scene.create({
    ways: [
      { name: 'plain', ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16', inner: ['10.99.0.0/28'] },
    ],
  });
  const seen = async (): Promise<number> =>
    (await readFile(join(scene.adit.stateDirectory, 'log/aditd.log'), 'utf8')).split('the network changed')
      .length - 1;
  const id = await scene.adit.import(scene.profile('plain'), PSK);
  await sleep(QUIET_MS);
  const [before, events] = [await scene.snapshot(), await seen()];

  await scene.adit.up(id);
  await expectTraffic(scene, id, 'plain');
  await sleep(QUIET_MS);
  await scene.adit.down(id);
  await expectNothingLeft(scene, before);
  await sleep(QUIET_MS);
  expect(await seen()).toBe(events);

  await scene.lab.client.ip('route add unreachable 198.51.100.0/24');
  await until('the watch tells', async () => (await seen()) === events + 1);
});
