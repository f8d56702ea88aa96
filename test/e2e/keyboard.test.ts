/**
 * By keyboard alone: in every view Tab comes to each control once, in the order in which they are seen, shows where it is
 * and gets out again; a dialog keeps the focus and gives it back; a view that is arrived at is read out by its heading.
 * Then the first use of the application, from the file to the end of the tunnel, without a pointer.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeHelper, type FakePeer } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { RunningApp } from './driver.ts';
import { sceneNamed, SCENES } from './scenes.ts';
import { Stage } from './stage.ts';

/** What the page knows of a walk. */
interface Walk {
  readonly stops: Element[];
}
declare const walk: Walk;

/** Everything that Tab should come to, in the document's order. A group of radio buttons is one stop. */
const expectStops = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const scope = document.querySelector('[role="dialog"]') ?? document.body;
    const stops = [
      ...scope.querySelectorAll(
        'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex]',
      ),
    ].filter((one) => {
      if (
        !one.checkVisibility() ||
        one.matches(':disabled, [tabindex="-1"], [hidden], [data-base-ui-focus-guard]')
      )
        return false;
      if (!(one instanceof HTMLInputElement) || one.type !== 'radio') return true;
      const group = [...document.getElementsByName(one.name)].filter(
        (radio) => radio instanceof HTMLInputElement,
      );
      return one.checked || (!group.some(({ checked }) => checked) && group[0] === one);
    });
    Object.assign(globalThis, { walk: { stops } });
    return stops.length;
  });

interface Stop {
  /** Among those expected; -1 for the page itself, -2 for what nobody expects. */
  readonly index: number;
  readonly name: string;
  /** What shows that the focus is here: a ring that is drawn, not too thin, and not of the page's own colour. */
  readonly isShown: boolean;
}

const whereIs = (page: Page): Promise<Stop> =>
  page.evaluate(() => {
    const active = document.activeElement ?? document.body;
    const isNowhere = active === document.body || active === document.documentElement;
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(active);
    const surface = getComputedStyle(document.body).backgroundColor;
    const known = walk.stops.indexOf(active);
    return {
      index: isNowhere ? -1 : known === -1 ? -2 : known,
      name: `<${active.tagName.toLowerCase()}> “${(active.getAttribute('aria-label') ?? active.textContent ?? '').trim().slice(0, 40)}”`,
      isShown: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 && outlineColor !== surface,
    };
  });

/** Pairs of stops, one after the other in one part of the page, of which the second is seen before the first. */
const outOfOrder = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const part = (element: Element): Element | null =>
      element.closest('header, main, footer, [role="alert"]');
    const faults: string[] = [];
    for (const [at, later] of walk.stops.entries()) {
      const earlier = walk.stops[at - 1];
      if (!earlier || part(earlier) !== part(later) || earlier.contains(later)) continue;
      const [one, other] = [earlier.getBoundingClientRect(), later.getBoundingClientRect()];
      const isAbove = other.bottom <= one.top + 1;
      const isLeft = other.right <= one.left + 1 && other.top < one.bottom - 1 && other.bottom > one.top + 1;
      if (isAbove || isLeft)
        faults.push(
          `“${later.textContent?.slice(0, 30)}” comes after “${earlier.textContent?.slice(0, 30)}”`,
        );
    }
    return faults;
  });

/** Once around with Tab, or with Shift+Tab. */
async function goAround(page: Page, key: 'Tab' | 'Shift+Tab'): Promise<string[]> {
  const count = await expectStops(page);
  const seen: number[] = [];
  const faults: string[] = [];
  // From nowhere to nowhere, and a little further: a dialog goes around by itself.
  for (let step = 0; step < count + 4; step++) {
    await page.keyboard.press(key);
    // At the end of a dialog stands what sends the focus on to its beginning, a moment later.
    await page.waitForFunction(
      () => !document.activeElement?.hasAttribute('data-base-ui-focus-guard'),
      undefined,
      { polling: 'raf' },
    );
    const { index, name, isShown } = await whereIs(page);
    if (index === -2) faults.push(`${name} takes the focus`);
    if (index >= 0 && !isShown) faults.push(`${name} does not show that it has the focus`);
    if (index >= 0) seen.push(index);
  }
  for (let index = 0; index < count; index++) {
    if (!seen.includes(index)) faults.push(`stop ${index} of ${count} is not reached; seen ${seen.join()}`);
  }
  const step = key === 'Tab' ? 1 : -1;
  const jumps = seen
    .slice(1)
    .filter((index, at) => (index - (seen[at] ?? 0) + count) % count !== (step + count) % count);
  if (count > 1 && jumps.length > 0) faults.push(`not one after the other: ${seen.join()}`);
  return [...new Set(faults)];
}

/** Scenes that begin with the heading of a view. */
const ARRIVED = new Set([
  'details',
  'profiles',
  'profile',
  'certificates',
  'settings',
  'about',
  'logs',
  'report',
  'edit',
]);

const DIALOGS = [
  { name: 'delete from the list', scene: 'profiles', opener: 'Delete Site 1' },
  { name: 'delete from the profile', scene: 'profile', opener: 'Delete…' },
  { name: 'forget a secret', scene: 'profile', opener: 'Forget: Password' },
];

describe('in every view', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage?.close());

  it.each(SCENES)('$name', async (scene) => {
    await stage.play(scene);
    const { page } = stage.app;
    expect([...(await goAround(page, 'Tab')), ...(await outOfOrder(page))]).toEqual([]);
  });

  it('there is a way backwards', async () => {
    await stage.play(sceneNamed('settings'));
    expect(await goAround(stage.app.page, 'Shift+Tab')).toEqual([]);
  });

  it('forced colours leave the ring that shows where one is', async () => {
    const { page } = stage.app;
    await page.emulateMedia({ forcedColors: 'active' });
    try {
      for (const name of ['connected', 'profiles', 'settings', 'question-password']) {
        await stage.play(sceneNamed(name));
        expect(await goAround(page, 'Tab')).toEqual([]);
      }
    } finally {
      await page.emulateMedia({ forcedColors: 'none' });
    }
  });

  it('the heading has the focus of whoever arrives, and Escape leads back to the first view', async () => {
    const { page } = stage.app;
    for (const scene of SCENES.filter(({ name }) => ARRIVED.has(name))) {
      const say = await stage.play(scene);
      const focused = (): Promise<string> =>
        page.evaluate(() => `${document.activeElement?.tagName} ${document.activeElement?.textContent}`);
      expect(await focused()).toBe(`H1 ${await page.locator('h1').textContent()}`);
      for (let press = 0; press < 4; press++) await page.keyboard.press('Escape');
      await page.getByRole('button', { name: say('nav.settings') }).waitFor();
      expect(`${scene.name}: ${await focused()}`).toBe(`${scene.name}: H1 Adit`);
    }
  });

  it('a key that is not given leaves the focus where it was asked for', async () => {
    const { page } = stage.app;
    const say = await stage.play(sceneNamed('secret'));
    await page.locator('[role="dialog"] input:focus').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const control = page.getByRole('button', { name: say('action.connect'), exact: true });
    expect(await control.evaluate((one) => one === document.activeElement)).toBe(true);
  });

  it('a key that the tray wants is asked for over an import, and Escape leaves the import as it was', async () => {
    const { page, window } = stage.app;
    const say = await stage.play(sceneNamed('import-locked'));
    const typed = page.getByLabel(say('secrets.pkcs12Password'));
    await typed.fill('of the file');
    await window.send([{ topic: 'wanted', profile: 'work-3' }]);
    const dialog = page.getByRole('dialog');
    expect(await dialog.innerText()).toContain(say('secret.text', { name: 'Lab' }));
    const key = dialog.getByRole('textbox');
    expect(await key.evaluate((field) => field === document.activeElement)).toBe(true);
    await key.fill('abc');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await typed.inputValue()).toBe('of the file');
  });

  it('a key that is being typed stays with its profile, whichever tunnel comes up meanwhile', async () => {
    const { page } = stage.app;
    const profiles = [
      summary('lab', { name: 'Lab', missingSecrets: ['psk'], storedSecrets: [] }),
      summary('work', { name: 'Work' }),
    ];
    const say = await stage.play({ ...sceneNamed('disconnected'), profiles });
    await page.getByRole('button', { name: say('action.connect'), exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('abc');
    stage.tellTunnels(CONNECTED);
    await page.locator('[data-state="connected"]').waitFor();
    expect(await dialog.innerText()).toContain(say('secret.text', { name: 'Lab' }));
    expect(await dialog.getByRole('textbox').inputValue()).toBe('abc');
    await page.keyboard.press('Escape');
  });

  it.each(DIALOGS)(
    'Escape closes the dialog, and the focus is where it came from: $name',
    async ({ opener, scene }) => {
      const { page } = stage.app;
      await stage.play(sceneNamed(scene));
      const button = page.getByRole('button', { name: opener, exact: true });
      await button.focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      expect(await dialog.evaluate((box) => box.contains(document.activeElement))).toBe(true);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await button.evaluate((one) => one === document.activeElement)).toBe(true);
    },
  );
});

describe('the first use', () => {
  let helper: FakeHelper;
  let app: RunningApp;
  let peer: FakePeer | undefined;
  const answers: string[] = [];

  beforeEach(async () => {
    helper = await FakeHelper.start({
      answers: {
        'events.subscribe': ({ topic }, from) => {
          peer = from;
          return topic === 'profiles'
            ? { sequence: 0, profiles: [] }
            : { sequence: 0, status: { tunnels: [] } };
        },
        'profiles.import': ({ dryRun }) => {
          if (dryRun !== true)
            peer?.sendEvent({
              topic: 'profiles',
              changed: [summary('work', { name: 'Head office' })],
              removed: [],
            });
          const report = [{ outcome: 'taken' as const, setting: 'RemoteAddress', value: 'vpn.example.org' }];
          return {
            imported: [
              { id: dryRun === true ? null : 'work', name: 'Head office', missingSecrets: [], report },
            ],
          };
        },
        'tunnel.up': () => {
          const question = { id: 1, kind: 'password', prompt: '', retry: false, user: 'alice' } as const;
          peer?.sendEvent({ topic: 'status', status: { tunnels: [bare('connecting', { question })] } });
          return { accepted: true };
        },
        'tunnel.answer': ({ answer }) => {
          answers.push(Buffer.from(answer ?? '', 'base64').toString());
          peer?.sendEvent({ topic: 'status', status: { tunnels: [CONNECTED] } });
          return { accepted: true };
        },
        'tunnel.down': () => {
          peer?.sendEvent({ topic: 'status', status: { tunnels: [] } });
          return { accepted: true };
        },
      },
    });
    app = await RunningApp.start({ socket: helper.path });
    return async () => {
      await app[Symbol.asyncDispose]();
      await helper.stop();
    };
  });

  it('needs no pointer: a file, a tunnel, a password, and its end', async () => {
    const { page } = app;
    /** Tab until the focus is on the control of this name. */
    const reach = async (name: string): Promise<void> => {
      const isThere = (): Promise<boolean> =>
        page.evaluate(
          (wanted) =>
            document.activeElement?.textContent?.trim() === wanted ||
            document.activeElement?.ariaLabel === wanted,
          name,
        );
      for (let press = 0; press < 20; press++) {
        if (await isThere()) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`Tab does not come to ${name}`);
    };
    const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor();

    // Long before it is needed: Chromium is told to leave the system's dialog away.
    const choosing = page.waitForEvent('filechooser');
    await heading('Add your first profile');
    await reach('Choose a file…');
    await page.keyboard.press('Enter');
    await (await choosing).setFiles({
      name: 'office.conf',
      mimeType: '',
      buffer: Buffer.from('connections {}'),
    });
    await heading('Check before saving');
    await reach('Save profile');
    await page.keyboard.press('Enter');
    await heading('Not connected');
    await reach('Connect');
    await page.keyboard.press('Space');
    await heading('Your password, please');
    await page.locator('[role="dialog"] input:focus').waitFor();
    await page.keyboard.type('hunter2');
    await page.keyboard.press('Enter');
    await heading('Connected');
    expect(answers).toEqual(['hunter2']);
    await reach('Disconnect');
    await page.keyboard.press('Enter');
    await heading('Not connected');
    expect(app.complaints).toEqual([]);
  });
});
