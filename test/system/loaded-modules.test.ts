/**
 * What a helper has loaded: with pre-shared keys nothing that reads certificates, speaks TLS or fetches lists, all of which
 * takes memory (docs/performance.md, "Memory of the helper"); and what comes of a part that cannot be loaded.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit, ADIT } from '#test/harness/adit.ts';
import { moduleTellingHelper, type ModuleTellingHelper } from '#test/harness/altered-helper.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab } from '#test/harness/lab.ts';

const PSK = 'the key of what is loaded';

const profileNamed = (name: string, authentication: ProfileInput['authentication']): ProfileInput => ({
  format: 'adit-profile',
  version: 1,
  name,
  gateway: { addresses: [LAB.gateway.ip4], id: 'gw.lab' },
  authentication,
  child: { remoteTs: [LAB.inner.net4] },
});
const OFFICE = profileNamed('office', { method: 'psk', localId: 'adit.lab' });
/** The gateway has no certificate to show: it is refused, after all that could have checked one was loaded. */
const LOGIN = profileNamed('login', { method: 'eap', user: 'alice' });

/** Each of them is loaded for LOGIN, which shows that the names are right. */
const ON_DEMAND = [
  /\/helper\/tunnel\/certified\.ts$/,
  /\/helper\/pki\/validate\.ts$/,
  /\/helper\/pki\/pkcs12\.ts$/,
  /\/helper\/tls\//,
  /\/core\/pki\/certificate\.ts$/,
  /\/node_modules\/@peculiar\//,
  /\/node_modules\/asn1js\//,
  /^node:tls$/,
];
/** Nor these, of which the one comes with the first list that is fetched. */
const NEVER = [/^node:https?$/];

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.create();
  await EmbeddedGateway.start(lab.gateway, {
    localId: 'gw.lab',
    keys: { 'adit.lab': PSK },
    pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
    dns: [],
    localTs: [LAB.inner.net4],
  });
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

async function started(name: string, unloadable?: string): Promise<ModuleTellingHelper & { adit: Adit }> {
  const directory = join(lab.world.directory, name);
  await mkdir(directory);
  const helper = await moduleTellingHelper(directory, unloadable);
  const adit = await Adit.start(lab.world, lab.client, {
    programs: { aditd: helper.program, adit: ADIT },
    stateDirectory: join(directory, 'state'),
  });
  return { ...helper, adit };
}

const found = (urls: readonly string[], patterns: readonly RegExp[]): RegExp[] =>
  patterns.filter((pattern) => urls.some((url) => pattern.test(url)));

describe('a helper', () => {
  it('with pre-shared keys loads nothing of certificates, TLS and HTTP; a login loads it', async () => {
    const { adit: running, loaded } = await started('plain');
    await using adit = running;
    const id = await adit.import(OFFICE, PSK);
    await adit.up(id);
    await adit.run(['rekey', id]);
    await adit.down(id);
    expect(await loaded()).toContainEqual(expect.stringMatching(/\/core\/ikev2\/connection\.ts$/));
    expect(found(await loaded(), [...ON_DEMAND, ...NEVER])).toEqual([]);
    const login = await adit.import(LOGIN);
    const { code } = await adit.try(['up', login, '--password-stdin'], { input: 'secret' });
    expect(code).toBe(1);
    expect(found(await loaded(), ON_DEMAND)).toEqual(ON_DEMAND);
    expect(found(await loaded(), NEVER)).toEqual([]);
  });

  it('that cannot load it says so where it is needed, and connects where it is not', async () => {
    const { adit: running } = await started('damaged', '/helper/tunnel/certified.ts');
    await using adit = running;
    const login = await adit.import(LOGIN);
    const { code, stderr } = await adit.try(['up', login, '--password-stdin'], { input: 'secret' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/certificates/);
    expect((await adit.tunnel(login))?.failure).toMatchObject({
      cause: 'system',
      detail: expect.stringMatching(/damaged/),
    });
    await adit.up(await adit.import(OFFICE, PSK));
  });
});
