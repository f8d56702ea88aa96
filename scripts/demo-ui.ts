/**
 * npm run demo -- --ui: a new user's way through the window, on the embedded gateway: the .mobileconfig from the IT
 * department is dropped, looked at, saved; connect, the password of the certificate, traffic, details, disconnect. Runs in
 * Electron where its binary is, else in the double over headless Chromium, and says which. Saves a picture of each station in build/demo-ui.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { electronBinary, RunningApp } from '#test/e2e/driver.ts';
import { drop } from '#test/e2e/page.ts';
import { Adit } from '#test/harness/adit.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { mobileconfig, pkcs12 } from '#test/harness/login-files.ts';
import { TestPki } from '#test/harness/test-pki.ts';
import { Traffic } from '#test/harness/traffic.ts';

const GATEWAY_ID = 'gateway.adit.example';
const CLIENT_ID = 'demo@adit.example';
const P12_PASSWORD = 'demo';
const BULK_BYTES = 200 * 1024 * 1024;
/** Longer would be no welcome. */
const WITHIN_MS = 60_000;

const root = join(import.meta.dirname, '..');
const pictures = join(root, 'build', 'demo-ui');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  say(
    electronBinary()
      ? '\u2022 the interface is built; Electron shows it'
      : '\u2022 the interface is built; there is no Electron here, so its double over headless Chromium shows it',
  );
  execFileSync(process.execPath, ['scripts/build-app.ts'], { cwd: root, stdio: 'inherit' });
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });

  await using lab = await Lab.create();
  using pki = new TestPki();
  const ca = pki.ca('Demo-CA');
  const gateway = pki.leaf(ca, GATEWAY_ID, { usage: 'serverAuth', san: `DNS:${GATEWAY_ID}` });
  const client = pki.leaf(ca, 'demo', { usage: 'clientAuth', san: `email:${CLIENT_ID}` });
  await EmbeddedGateway.start(lab.gateway, {
    localId: GATEWAY_ID,
    keys: {},
    certificate: gateway,
    clients: { method: 'certificate', ca: ca.certificates },
    pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
    dns: [LAB.dns.ip4],
    localTs: [LAB.inner.net4, LAB.inner.net6],
  });
  const { port } = await Traffic.on(lab.gateway).serve(LAB.inner.ip4);
  const user = Traffic.on(lab.client);
  await using adit = await Adit.start(lab.world, lab.client, {
    socket: join(lab.world.directory, 'run', 'aditd.sock'),
  });
  await using app = await RunningApp.start({ socket: adit.socket });
  const { page } = app;
  const heading = (name: string | RegExp) => page.getByRole('heading', { name }).waitFor();
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click();
  let taken = 0;
  const picture = async (name: string, what: string): Promise<void> => {
    const file = `${++taken}-${name}.png`;
    await page.screenshot({ path: join(pictures, file), animations: 'disabled' });
    say(`  \u2713 ${what} (${file})`);
  };

  say('\n\u2022 a new user');
  const began = performance.now();
  await heading('Add your first profile');
  await picture('empty', 'the window says what to do first');
  const content = mobileconfig({
    name: 'Head office',
    gateway: { address: LAB.gateway.ip4, id: GATEWAY_ID },
    clientId: CLIENT_ID,
    ca: ca.certificates,
    p12: pkcs12(client, P12_PASSWORD),
  });
  await drop(page, [{ name: 'head-office.mobileconfig', content }]);
  await heading('Check before saving');
  await heading('Head office');
  await picture(
    'preview',
    'a .mobileconfig is dropped; what was understood is shown before anything is kept',
  );
  await press(/^Save profile/);
  await heading('Not connected');
  await press('Connect');
  await heading('The password of the certificate file');
  await picture('password', 'the certificate inside is locked, and its password asked for');
  await page.getByRole('textbox', { name: 'Password' }).fill(P12_PASSWORD);
  await page.keyboard.press('Enter');
  await heading(/^Connected$/);
  const tookMs = performance.now() - began;
  await picture('connected', `connected ${(tookMs / 1000).toFixed(1)} s after the window was seen`);
  if (tookMs > WITHIN_MS) throw new Error('importing and connecting took more than a minute');

  say('\n\u2022 traffic');
  for (const share of [1, 3, 2, 4]) {
    const url = `http://${LAB.inner.ip4}:${port}/${(share * BULK_BYTES) / 10}`;
    const transfer = await user.download(url, 60_000);
    if (transfer.sha256 !== transfer.expected) throw new Error('the download came through damaged');
    // The graph has a point a second.
    await sleep(1_000);
  }
  await page
    .locator('dd')
    .filter({ hasText: /^2\d\d MiB$/ })
    .first()
    .waitFor();
  await picture('traffic', '200 MiB came through the tunnel, SHA-256 equal, and the window counted them');
  await press('Details');
  await heading('Details');
  await picture('details', 'an administrator finds everything behind “Details”');
  await press('Back');
  await press('Disconnect');
  await heading('Not connected');
  await picture('disconnected', 'disconnected');
  if (app.complaints.length > 0) throw new Error(`the page complained: ${app.complaints.join('; ')}`);
  say(`\nThe pictures are in ${pictures}.`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
