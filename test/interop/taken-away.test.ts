/**
 * What another program takes away of a tunnel: systemd-networkd does that with rules and routes that it does not know, a reload of
 * nftables with every table, a DHCP client with the name servers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectTraffic } from '#test/harness/checks.ts';
import { until } from '#test/harness/process.ts';
import { LAB } from '#test/harness/lab.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import type { Snapshot } from '#test/harness/snapshot.ts';

const RULES_AND_ROUTES = `
  ip rule show | sed -n 's/^\\([0-9]*\\):.*fwmark 0xad17.*/\\1/p' | while read -r priority; do ip rule del priority "$priority"; done
  ip route flush table 44311`;
const FLUSHED = 'ip addr flush dev adit0; ip link set adit0 down';

let scene: Scene;
let id: string;
let before: Snapshot;
/** With the tunnel. */
let whole: Snapshot;

beforeAll(async () => {
  scene = await Scene.create({
    ways: [
      {
        name: 'plain',
        ike: 'aes256gcm16-prfsha384-ecp384',
        esp: 'aes256gcm16',
        inner: ['10.99.0.0/28'],
        pools: ['p4', 'p6'],
      },
    ],
  });
  id = await scene.adit.import(scene.profile('plain'), PSK);
  before = await scene.snapshot();
  await scene.adit.up(id);
  await expectTraffic(scene, id, 'plain');
  whole = await scene.snapshot();
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
});

const shell = (script: string): Promise<string> => scene.lab.client.run(['sh', '-ec', script]);
const timesPutBack = (): Promise<number> =>
  scene.adit.run(['log']).then((text) => text.split('what is missing is put back').length - 1);

it.each([
  ['rules and routes', RULES_AND_ROUTES],
  ['every firewall table', 'nft flush ruleset'],
  ['what one of them says', 'nft flush table ip adit_adit0'],
  ['the addresses of the adapter', 'ip addr flush dev adit0'],
  ['the adapter itself, switched off', 'ip link set adit0 down'],
  ['all of it at once', `nft flush ruleset; ${FLUSHED}; ${RULES_AND_ROUTES}`],
])('%s: put back, and that is all', async (_, script) => {
  const told = await timesPutBack();
  await shell(script);
  await until('all is as it was', async () => isDeepStrictEqual(await scene.snapshot(), whole));
  await expectTraffic(scene, id, 'plain');
  // What fed itself would go round every tenth of a second.
  await sleep(1500);
  expect([1, 2, 3]).toContain((await timesPutBack()) - told);
  expect((await scene.adit.tunnel(id))?.state).toBe('connected');
});

it.each([
  ['written into', 'echo nameserver 198.51.100.7 > /etc/resolv.conf'],
  [
    'replaced',
    'echo nameserver 198.51.100.8 > /etc/resolv.conf.new; mv /etc/resolv.conf.new /etc/resolv.conf',
  ],
])('/etc/resolv.conf, %s: the tunnel’s servers are put back', async (_, script) => {
  await shell(script);
  await until('ours stand there', async () => (await shell('cat /etc/resolv.conf')).includes(LAB.dns.ip4));
  expect(await shell('cat /etc/resolv.conf')).not.toContain('198.51.100');
});

it('after the tunnel all is as before, but for the name servers, which are the last that were written', async () => {
  await scene.adit.down(id);
  const after = { ...before, resolvConf: expect.stringMatching(/nameserver 198\.51\.100\.8\n$/) as string };
  expect(await scene.snapshot()).toEqual(after);
});
