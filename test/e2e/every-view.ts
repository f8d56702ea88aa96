/**
 * One language's look at every scene: axe in both themes, narrow and at 200 % zoom, in forced colours, and still for those
 * who asked for it, no English that is marked as such in another language; and the picture for a person to look at (docs/screenshots, rewritten with ADIT_SCREENSHOTS=1). A file a
 * language (views-*.test.ts), so that they run side by side.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Language } from '#core/text/languages.ts';
import { covered, moving, SMALL, settle, spills, vanished, wouldMove } from './looks.ts';
import { barriers } from './page.ts';
import { pictureOf, SCENES, type Scene, THEMES } from './scenes.ts';
import { Stage, WINDOW } from './stage.ts';

export const SCREENSHOTS = join(import.meta.dirname, '../../docs/screenshots');
export const KEEP = process.env['ADIT_SCREENSHOTS'] === '1';

export function lookAtEveryView(language: Language): void {
  describe(`every view in ${language}`, () => {
    let stage: Stage;
    /** Where something moves for those who did not ask for stillness. */
    const moved: string[] = [];
    beforeAll(async () => {
      stage = await Stage.open();
    });
    afterAll(() => stage?.close());

    it.each(SCENES)('$name', async (scene) => {
      await stage.play(scene, language);
      const { page } = stage.app;
      if ((await wouldMove(page)).length > 0) moved.push(scene.name);
      expect(await looked(stage, scene, language)).toEqual([]);
    });

    it('moved where it may, so that stillness is something', () => {
      expect(moved).toContain('connecting');
    });

    it('met no error of the page on the way', () => {
      expect(stage.app.complaints).toEqual([]);
    });
  });
}

async function looked({ app: { page } }: Stage, scene: Scene, language: Language): Promise<string[]> {
  const faults: string[] = [];
  const note = (where: string, found: readonly string[]): void => {
    faults.push(...found.map((one) => `${where}: ${one}`));
  };
  if (language !== 'en' && scene.isPartlyEnglish !== true)
    note('English', await page.locator('body [lang="en"]').allInnerTexts());
  // What moves between two themes would have colours that are in neither.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await settle(page);
  note('reduced motion', await wouldMove(page));
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    note('reduced motion', await moving(page));
    const picture = KEEP ? pictureOf(scene, language, theme) : undefined;
    if (picture !== undefined) {
      mkdirSync(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: join(SCREENSHOTS, picture), animations: 'disabled' });
    }
    note(theme, await barriers(page));
  }
  for (const size of SMALL) {
    await page.setViewportSize(size);
    note(`${size.width} pixels`, await spills(page));
    note(`${size.width} pixels`, await covered(page));
  }
  await page.setViewportSize(WINDOW);
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
  note('forced colours', await vanished(page));
  await page.emulateMedia({ forcedColors: 'none', reducedMotion: 'no-preference' });
  return faults;
}
