/**
 * What a package installs beside Electron, laid out as electron-builder.yml says and run: the bundled helper and command
 * line on the Node that comes with them, the unit. electron-builder itself cannot run here.
 */
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit, type AditOptions } from '#test/harness/adit.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { layOutPackage } from '#test/harness/package.ts';
import { residentMegabytes } from '#test/harness/process.ts';
import { Traffic } from '#test/harness/traffic.ts';

const PSK = 'the key of the package';
const PROFILE: ProfileInput = {
  format: 'adit-profile',
  version: 1,
  name: 'office',
  gateway: { addresses: [LAB.gateway.ip4], id: 'gw.lab' },
  authentication: { method: 'psk', localId: 'adit.lab' },
  child: { remoteTs: [LAB.inner.net4] },
};

let lab: Lab;
let resources: string;
let programs: NonNullable<AditOptions['programs']>;

beforeAll(async () => {
  lab = await Lab.create();
  resources = join(lab.world.directory, 'resources');
  programs = await layOutPackage(resources);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

describe('the packaged helper', () => {
  it('connects, driven by the packaged command line, and needs less memory than the sources', async () => {
    await EmbeddedGateway.start(lab.gateway, {
      localId: 'gw.lab',
      keys: { 'adit.lab': PSK },
      pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
      dns: [],
      localTs: [LAB.inner.net4],
    });
    const { port } = await Traffic.on(lab.gateway).serve(LAB.inner.ip4);
    const memory: number[] = [];
    for (const [name, options] of [
      ['packaged', { programs }],
      ['sources', {}],
    ] as const) {
      await using adit = await Adit.start(lab.world, lab.client, {
        ...options,
        stateDirectory: join(lab.world.directory, name),
      });
      const id = await adit.import(PROFILE, PSK);
      await adit.up(id);
      const { sha256, expected } = await Traffic.on(lab.client).download(
        `http://${LAB.inner.ip4}:${port}/1000000`,
        10_000,
      );
      expect(sha256).toBe(expected);
      memory.push(await residentMegabytes(adit.pid));
      const limits = await readFile(`/proc/${adit.pid}/limits`, 'utf8');
      expect(limits).toMatch(/^Max core file size\s+0\s+0\s/m);
      await adit.down(id);
    }
    const [packaged = NaN, sources = NaN] = memory;
    expect(packaged).toBeLessThan(sources);
  });

  it('has a unit that systemd reads, whose programs are there', async () => {
    const unit = await readFile(join(resources, 'aditd.service'), 'utf8');
    const here = join(lab.world.directory, 'aditd.service');
    await writeFile(here, unit.replaceAll('/opt/Adit/resources', resources));
    const verify = (): string =>
      execFileSync('systemd-analyze', ['verify', here], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    expect(verify()).toBe('');
    await writeFile(here, unit.replace('/opt/Adit/resources/bin/aditd', '/nonexistent/aditd'));
    expect(verify).toThrow(/nonexistent/);
  });
});
