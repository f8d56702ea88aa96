/** A newcomer's first tunnel, as the README has it word for word: its profile, its swanctl.conf, its commands. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Adit } from '#test/harness/adit.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { StrongSwan } from '#test/harness/strongswan.ts';
import { Traffic } from '#test/harness/traffic.ts';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');

/** Of the README, from the line that begins with `first` to the next one that begins with `last`. */
function block(first: string, last: string): string {
  const lines = readme.split('\n');
  const start = lines.findIndex((line) => line.trim().startsWith(first));
  const length = lines.slice(start).findIndex((line) => line.trim().startsWith(last));
  return lines.slice(start, start + length + 1).join('\n');
}

it('the profile and the gateway of the README find each other, by the commands that it names', async () => {
  await using lab = await Lab.create();
  await using gateway = await StrongSwan.start(lab.world, lab.gateway, { swanctl: { connections: {} } });
  await gateway.loadText(block('connections {', 'secret = "the key in key.txt"'));
  const { port } = await Traffic.on(lab.gateway).serve(LAB.inner.ip4);
  await using adit = await Adit.start(lab.world, lab.client);

  const profile = block('{ "format": "adit-profile"', '"child": {');
  // Here no name server knows the gateway: only its address is another one.
  const addressed = profile.replace(
    '"addresses": ["vpn.example.com"]',
    `"addresses": ["${LAB.gateway.ip4}"]`,
  );
  expect(addressed).not.toBe(profile);
  const file = join(lab.world.directory, 'work.json');
  await writeFile(file, addressed);
  await adit.run(['import', file, '--secret-stdin'], { input: 'the key in key.txt\n' });
  await adit.run(['up', 'Work']);
  const { sha256, expected } = await Traffic.on(lab.client).download(
    `http://${LAB.inner.ip4}:${port}/100000`,
    10_000,
  );
  expect(sha256).toBe(expected);
  expect((await gateway.sa('work')).children.map(({ name }) => name)).toEqual(['net']);
  await adit.run(['reconnect', 'Work']);
  await adit.run(['down', 'Work']);
  await until('the gateway has none of it', async () => (await gateway.sas()).length === 0);
});
