/**
 * How long the window takes to be of use: from the start of the process that stands for Electron (the double of
 * test/e2e over headless Chromium) to the button that connects, with a helper that has 200 profiles; in turns with the
 * same Chromium, double and main process showing an empty page. What Electron itself needs is not in it.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APP, electronBinary, RunningApp } from '#test/e2e/driver.ts';
import { FakeHelper } from '#test/fakes/helper-server.ts';
import { summary } from '#test/fakes/statuses.ts';
import { median, type Row } from './report.ts';

const ROUNDS = 7;
const SHORT_ROUNDS = 3;
const GOAL_MS = 1500;

interface Start {
  /** From the start of the process. */
  readonly whole: number;
  /** From the beginning of the page; not later than this, since the driver has to find it first. */
  readonly page: number;
}

async function took(socket: string, app: string): Promise<Start> {
  const began = performance.now();
  await using running = await RunningApp.start({ socket, app });
  await running.page.locator('footer button').waitFor();
  const whole = performance.now() - began;
  return { whole, page: await running.page.evaluate(() => performance.now()) };
}

/** The bundle with a page in which nothing is. */
async function emptied(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'adit-empty-'));
  await cp(APP, folder, { recursive: true });
  const page = join(folder, 'renderer');
  for (const name of await readdir(page)) await rm(join(page, name), { recursive: true });
  await writeFile(
    join(page, 'index.html'),
    '<!doctype html><div id="root"><footer><button>x</button></footer></div>',
  );
  return folder;
}

export async function userInterface({ short }: { short: boolean }): Promise<Row[]> {
  execFileSync(process.execPath, ['scripts/build-app.ts'], { cwd: join(APP, '../..'), stdio: 'ignore' });
  const profiles = Array.from({ length: 200 }, (_, at) => summary(`site-${at}`));
  const helper = await FakeHelper.start({
    answers: {
      'events.subscribe': ({ topic }) =>
        topic === 'profiles' ? { sequence: 0, profiles } : { sequence: 0, status: { tunnels: [] } },
    },
  });
  const empty = await emptied();
  const ours: Start[] = [];
  const bare: Start[] = [];
  try {
    for (let round = 0; round < (short ? SHORT_ROUNDS : ROUNDS); round++) {
      ours.push(await took(helper.path, APP));
      bare.push(await took(helper.path, empty));
    }
  } finally {
    await rm(empty, { recursive: true });
    await helper.stop();
  }
  return [
    {
      subject: 'window, process start to usable',
      unit: 'ms',
      adit: median(ours.map(({ whole }) => whole)),
      peer: { name: 'an empty page in the same Chromium', value: median(bare.map(({ whole }) => whole)) },
      note: electronBinary() ? 'Electron' : 'Electron’s double',
    },
    {
      subject: 'window, start of the page to usable',
      unit: 'ms',
      adit: median(ours.map(({ page }) => page)),
      goal: { atMost: GOAL_MS },
      note: electronBinary() ? 'Electron' : 'Electron’s double',
    },
  ];
}
