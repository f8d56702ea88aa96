/** What views do, beside how they look (views-*.test.ts): the graph, another language at once, a helper that goes away. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tunnelStateSchema } from '#core/ipc/contract.ts';
import { MIN_SIZE } from '#electron/saved.ts';
import { WORDS } from '#electron/words.ts';
import { LOOKS } from '#renderer/features/tunnel/presentation.ts';
import { bare, CONNECTED, LOCKED, summary, UNLOCKED } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';
import { KEEP, SCREENSHOTS } from './every-view.ts';
import { barriers } from './page.ts';
import { connected, REFUSED, sayIn, sceneNamed, THEMES } from './scenes.ts';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage?.close());

it.each(THEMES)('draws what goes through the tunnel, and says it: %s', async (theme) => {
  const { page, window } = stage.app;
  await stage.play(sceneNamed('disconnected'));
  await page.emulateMedia({ colorScheme: theme });
  await page.clock.install();
  await page.reload();
  await window.focus();
  const [child] = CONNECTED.children;
  if (!child) throw new Error('the fake has no Child SA');
  for (let second = 0; second <= 40; second++) {
    const bytesIn = 60_000_000 * second + 20_000_000 * Math.round(10 * Math.sin(second / 4));
    const children = [{ ...child, bytesIn, bytesOut: 3_000_000 * second }];
    const address = `10.88.0.${second}`;
    stage.tellTunnels({ ...connected(), virtualIps: [address], children });
    // Its word is heard before the clock goes on.
    await page.getByText(address, { exact: true }).waitFor();
    await page.clock.runFor(1000);
  }
  await page.getByText(/^Sending 2\.\d MiB\/s$/).waitFor();
  await page.getByText(/^Receiving [1-9].* MiB\/s$/).waitFor();
  if (KEEP)
    await page.screenshot({ path: join(SCREENSHOTS, `throughput-${theme}.png`), animations: 'disabled' });
  expect(await barriers(page)).toEqual([]);
  const drawn = await page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    return data.filter((_, at) => at % 4 === 3).some((alpha) => alpha > 0);
  });
  expect(drawn).toBe(true);
  await page.clock.resume();
});

it('speaks the language that is chosen, at once', async () => {
  const { page } = stage.app;
  await stage.play(sceneNamed('settings'));
  stage.tellTunnels(bare('failed', { failure: REFUSED }));
  for (const [language, own] of [
    ['de', 'Deutsch'],
    ['zh', '简体中文'],
    ['en', 'English'],
  ] as const) {
    const say = sayIn(language);
    await page.getByRole('combobox').first().selectOption(own);
    await page.getByRole('heading', { name: say('settings.title') }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toMatch(language);
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: say('state.failed') }).waitFor();
    await page.getByRole('button', { name: say('nav.settings') }).click();
    if (stage.app.offers('tray'))
      await until('the tray speaks it, too', async () =>
        (await stage.app.tray.menu()).includes(WORDS[language].open),
      );
  }
});

it('tells its states apart without any colour: by word, and by shape where they mean another thing', async () => {
  const { page } = stage.app;
  await page.emulateMedia({ forcedColors: 'active' });
  await stage.play(sceneNamed('disconnected'));
  const words = new Map<string, string>();
  const shapes = new Map<string, string>();
  const shown = [...tunnelStateSchema.options, 'blocked'] as const;
  for (const state of shown) {
    stage.tellTunnels(bare(state === 'blocked' ? 'disconnected' : state));
    stage.tellLockdown(state === 'blocked' ? LOCKED : UNLOCKED);
    const place = page.locator(`[data-state="${state}"]`);
    await place.waitFor();
    words.set(state, await place.getByRole('heading').innerText());
    const drawn = await place
      .locator('svg path')
      .evaluateAll((lines) => lines.map((one) => one.getAttribute('d')));
    shapes.set(LOOKS[state].mark, drawn.join());
  }
  await page.emulateMedia({ forcedColors: 'none' });
  expect(new Set(words.values()).size).toBe(shown.length);
  expect(shapes.size).toBeGreaterThan(3);
  expect(new Set(shapes.values()).size).toBe(shapes.size);
});

it.each([
  ['refused', 'Too many tunnels are up; take one down first.'],
  ['import-failed', 'broken.conf: this is no profile that Adit knows.'],
])('marks the helper’s words as English, for whoever has them read out: %s', async (scene, words) => {
  await stage.play(sceneNamed(scene), 'de');
  const english = await stage.app.page.locator('body [lang="en"]').allInnerTexts();
  expect(english.join()).toContain(words);
});

it('does not call traffic unprotected that goes through another tunnel', async () => {
  const { page } = stage.app;
  const profiles = [summary('home', { name: 'Home' }), summary('work', { name: 'Work' })];
  const say = await stage.play({ ...sceneNamed('disconnected'), profiles });
  await page.getByRole('button', { name: say('nav.profiles') }).click();
  await page.getByRole('listitem').filter({ hasText: 'Home' }).getByRole('button').first().click();
  const shown = page.locator('[data-state="disconnected"]');
  const unprotected = shown.getByText(say('state.disconnected.meaning'));
  const other = shown.getByText('1 other tunnel is up');
  await unprotected.waitFor();
  stage.tellTunnels(CONNECTED);
  await other.waitFor();
  expect(await unprotected.count()).toBe(0);
  expect(await shown.getByText(say('state.meaning.elsewhere')).count()).toBe(1);
  // It does not protect anything yet.
  stage.tellTunnels({ ...CONNECTED, state: 'connecting', children: [] });
  await unprotected.waitFor();
  expect(await other.count()).toBe(0);
});

it('says what protects against quantum computers where it is asked, and has no chip where nothing does', async () => {
  const { page } = stage.app;
  await stage.play(sceneNamed('post-quantum'));
  const chip = page.getByRole('button', { name: 'Post-quantum' });
  const meaning = page.getByText(/^Whoever records what goes through this tunnel today cannot open it/);
  expect(await meaning.textContent()).toMatch(/Protected by ML‑KEM‑768 and a pre-shared key \(PPK\)\.$/);
  expect(await chip.getAttribute('aria-expanded')).toBe('true');
  // In the smallest window it comes into sight by itself, above what fades out over the foot.
  await chip.click();
  await page.setViewportSize(MIN_SIZE);
  await chip.click();
  const [told, foot] = [await meaning.boundingBox(), await page.locator('footer').boundingBox()];
  expect((told?.y ?? 0) + (told?.height ?? 0)).toBeLessThanOrEqual((foot?.y ?? 0) - 16);
  stage.tellTunnels({ ...connected(), postQuantum: ['ppk'] });
  await page.getByText(/Protected by a pre-shared key \(PPK\)\.$/).waitFor();
  await chip.click();
  await meaning.waitFor({ state: 'detached' });
  // The second is a helper before 1.5.
  for (const tunnel of [{ ...connected(), postQuantum: [] }, connected()]) {
    stage.tellTunnels({ ...connected(), postQuantum: ['ml-kem'] });
    await chip.waitFor();
    stage.tellTunnels(tunnel);
    await chip.waitFor({ state: 'detached' });
    expect(await page.getByText('MOBIKE').count()).toBe(1);
  }
});

it('keeps the one control within reach in the narrowest window at 200 % zoom', async () => {
  const { page } = stage.app;
  await stage.play(sceneNamed('connected'));
  for (const width of [360, 180]) {
    await page.setViewportSize({ width, height: 480 });
    await page.getByRole('button', { name: 'Disconnect' }).click({ trial: true });
    expect(await page.getByRole('button', { name: 'Disconnect' }).isEnabled()).toBe(true);
  }
});

describe('a helper', () => {
  it('that goes away takes the view with it', async () => {
    await stage.play(sceneNamed('connected'));
    await stage.endHelper();
    const { page } = stage.app;
    await page.getByRole('heading', { name: 'The background service is not running' }).waitFor();
    expect(await page.getByText('protected.').count()).toBe(0);
    expect(stage.app.complaints).toEqual([]);
  });
});
