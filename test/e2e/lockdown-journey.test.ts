/**
 * Lockdown with the real helper in the lab, whose kernel holds the packets back: switched on in the settings, a tunnel through
 * it, the helper's end, and the way out. The helper sees a person without privileges: what root switches on is an
 * administrator's, which is looked at last.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '#test/fakes/raw-client.ts';
import { Adit } from '#test/harness/adit.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { Traffic } from '#test/harness/traffic.ts';
import { RunningApp } from './driver.ts';
import { drop } from './page.ts';

const PERSON = 12_345;
const PSK = 'the key of the journey';
const IDS = { client: 'traveller@adit.example', gateway: 'gateway.adit.example' };
const PROFILE = {
  format: 'adit-profile',
  version: 1,
  name: 'Head office',
  gateway: { addresses: [LAB.gateway.ip4], id: IDS.gateway },
  authentication: { method: 'psk', localId: IDS.client },
  child: { remoteTs: [LAB.inner.net4] },
};

/**
 * Passes each connection on, as another user; ends with its standard input. It becomes that user after it was loaded, who need not
 * have access to the sources.
 */
const RELAY = `
const { connect, createServer } = require('node:net');
const [from, to, person] = process.argv.slice(1);
process.setgroups([]);
process.setgid(Number(person));
process.setuid(Number(person));
createServer((client) => {
  const helper = connect(to);
  for (const [one, other] of [[client, helper], [helper, client]])
    one.on('error', () => other.destroy()).on('close', () => other.destroy()).pipe(other);
}).listen(from, () => console.log('ready'));
process.stdin.on('end', () => process.exit()).resume();
`;

let directory: string;
let lab: Lab;
let adit: Adit;
let relay: ChildProcess;
let app: RunningApp;
let user: Traffic;
let inside: string;
let outside: string;

beforeAll(async () => {
  lab = await Lab.create();
  await EmbeddedGateway.start(lab.gateway, {
    localId: IDS.gateway,
    keys: { [IDS.client]: PSK },
    pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
    dns: [LAB.dns.ip4],
    localTs: [LAB.inner.net4, LAB.inner.net6],
  });
  user = Traffic.on(lab.client);
  const server = Traffic.on(lab.gateway);
  inside = `http://${LAB.inner.ip4}:${(await server.serve(LAB.inner.ip4)).port}/1000`;
  outside = `http://${LAB.gateway.ip4}:${(await server.serve(LAB.gateway.ip4)).port}/1000`;
  directory = await mkdtemp(join(tmpdir(), 'adit-lockdown-'));
  const places = { run: join(directory, 'run'), person: join(directory, 'person') };
  await chmod(directory, 0o755);
  for (const place of Object.values(places)) await mkdir(place, { mode: 0o755 });
  await chown(places.person, PERSON, PERSON);
  const state = join(directory, 'state');
  await mkdir(state, { mode: 0o700 });
  await writeFile(join(state, 'access.json'), JSON.stringify({ uids: [PERSON] }), { mode: 0o600 });
  const socket = join(places.run, 'aditd.sock');
  adit = await Adit.start(lab.world, lab.client, { socket, stateDirectory: state });
  const from = join(places.person, 'aditd.sock');
  relay = spawn(process.execPath, ['-e', RELAY, from, socket, String(PERSON)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => relay.stdout?.once('data', resolve));
  app = await RunningApp.start({ socket: from });
});

afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  relay?.stdin?.end();
  await adit?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  if (directory) await rm(directory, { recursive: true, force: true });
});

const heading = (name: string | RegExp) => app.page.getByRole('heading', { name, exact: true });
const button = (name: string) => app.page.getByRole('button', { name, exact: true });
/** Whether a file of 1000 octets comes from there. */
const comes = (url: string): Promise<boolean> =>
  user.download(url, 4_000).then(
    ({ bytes }) => bytes === 1000,
    () => false,
  );
const rules = async (): Promise<boolean> =>
  (await lab.client.try(['nft', 'list', 'table', 'inet', 'adit_lockdown'])).code === 0;

describe('lockdown', () => {
  it('is off at first: what is outside is within reach', async () => {
    await heading('Add your first profile').waitFor();
    expect(await comes(outside)).toBe(true);
  });

  it('switched on in the settings holds back what no tunnel carries', async () => {
    await button('Settings').click();
    await app.page.getByRole('switch', { name: 'Lockdown', exact: true }).click();
    await until('the rules are there', rules);
    expect(await comes(outside)).toBe(false);
    await button('Back').click();
    await app.page.getByText('Lockdown is on: nothing leaves this computer.').waitFor();
    await button('Switch lockdown off').waitFor();
  });

  it('lets a tunnel be imported and connected, and its traffic through', async () => {
    await drop(app.page, [{ name: 'office.json', content: JSON.stringify(PROFILE) }]);
    await app.page.getByLabel('Pre-shared key').fill(PSK);
    await button('Save profile').click();
    await heading('Blocked').waitFor();
    await button('Connect').click();
    await heading('Connected').waitFor();
    await app.page
      .getByText(`Traffic to ${LAB.inner.net4} is protected. Lockdown blocks everything else.`)
      .waitFor();
    expect(await comes(inside)).toBe(true);
    expect(await comes(outside)).toBe(false);
  });

  it('stays through the end of the helper, which says how to end it by hand, and through its return', async () => {
    await adit.stop('SIGKILL');
    await app.page.getByText('sudo adit doctor --rescue').waitFor();
    expect(await comes(outside)).toBe(false);
    await adit.restart();
    await heading('Blocked').waitFor();
    expect(await comes(outside)).toBe(false);
  });

  it('ends with one click', async () => {
    await button('Switch lockdown off').click();
    await heading('Not connected').waitFor();
    await until('the rules are gone', async () => !(await rules()));
    expect(await comes(outside)).toBe(true);
  });

  it('of an administrator is theirs to end', async () => {
    const root = await RawClient.greeted(adit.socket);
    await root.call('lockdown.set', { on: true });
    await heading('Blocked').waitFor();
    await app.page.getByText('Only an administrator can change that.').waitFor();
    expect(await button('Switch lockdown off').count()).toBe(0);
    await root.call('lockdown.set', { on: false });
    await heading('Not connected').waitFor();
    expect(app.complaints).toEqual([]);
  });
});
