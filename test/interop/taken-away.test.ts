/** What another program takes away of a tunnel's rules and routes: systemd-networkd does that with all it does not know when it starts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';

const TABLE = String(0xad17);

it('is put back, and that is all', async () => {
  await using scene = await Scene.create({
    ways: [
      { name: 'plain', ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16', inner: ['10.99.0.0/28'] },
    ],
  });
  const { client } = scene.lab;
  const standing = async (): Promise<string> => {
    const [rules, routes] = [
      await client.run(['ip', 'rule', 'show']),
      await client.run(['ip', '-4', 'route', 'show', 'table', TABLE]),
    ];
    return `${rules}${routes}`;
  };
  const id = await scene.adit.import(scene.profile('plain'), PSK);
  const before = await scene.snapshot();
  await scene.adit.up(id);
  await expectTraffic(scene, id, 'plain');
  const whole = await standing();
  expect(whole).toContain('fwmark 0xad17');

  for (const [, priority = ''] of whole.matchAll(/^(\d+):.*fwmark 0xad17/gm))
    await client.ip(`rule del priority ${priority}`);
  await client.ip(`route flush table ${TABLE}`);
  await until('all is as it was', async () => (await standing()) === whole);
  await expectTraffic(scene, id, 'plain');
  // What fed itself would go round every tenth of a second.
  await sleep(1500);
  const told = (await scene.adit.run(['log'])).split('are put back').length - 1;
  expect([1, 2, 3]).toContain(told);
  await scene.adit.down(id);
  await expectNothingLeft(scene, before);
});
