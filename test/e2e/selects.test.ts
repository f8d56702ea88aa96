/**
 * What can be chosen can be read: in every language, no choice of a list is wider than the list, in a window as narrow as it
 * gets. Names of profiles are the exception: a person may call one what they like.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LANGUAGES } from '#core/text/languages.ts';
import type { RunningApp } from './driver.ts';
import { sceneNamed } from './scenes.ts';
import { Stage, WINDOW } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage?.close());

/** Of each list that cuts off its widest choice: the choices, and how wide it is and would have to be. */
const cutOff = (page: RunningApp['page'], profiles: string): Promise<string[]> =>
  page.evaluate((exception) => {
    const lists = [...document.querySelectorAll('select')].filter(
      ({ labels }) => labels?.[0]?.textContent !== exception,
    );
    return lists.flatMap((list) => {
      const copy = list.cloneNode(true) as HTMLSelectElement;
      copy.style.cssText =
        'position: absolute; inline-size: max-content; min-inline-size: 0; max-inline-size: none';
      list.after(copy);
      const [has, needs] = [list.offsetWidth, copy.offsetWidth];
      copy.remove();
      const choices = [...list.options].map(({ text }) => text).join(', ');
      return has > 0 && needs <= has ? [] : [`${choices}: ${has} of ${needs} pixels`];
    });
  }, profiles);

describe.each(LANGUAGES)('in %s', (language) => {
  it.each(['settings', 'edit-advanced', 'logs'])('no list of %s cuts off what it offers', async (name) => {
    const say = await stage.play(sceneNamed(name), language);
    const { page } = stage.app;
    expect(await page.locator('select').count()).toBeGreaterThan(1);
    for (const width of [WINDOW.width, 360]) {
      await page.setViewportSize({ width, height: WINDOW.height });
      expect(await cutOff(page, say('settings.start.connect'))).toEqual([]);
    }
  });
});
