/** docs/screenshots has a picture of every scene in both themes, and none that no scene takes any more. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LANGUAGES } from '#core/text/languages.ts';
import { SCREENSHOTS } from './every-view.ts';
import { pictureOf, SCENES, THEMES } from './scenes.ts';

/** Taken by views.test.ts, which has to draw it first; and by scripts/render-icons.ts. */
const DRAWN = ['throughput', 'tray'];

const expected = [
  ...DRAWN.flatMap((name) => THEMES.map((theme) => `${name}-${theme}.png`)),
  ...SCENES.flatMap((scene) =>
    LANGUAGES.flatMap((language) => THEMES.map((theme) => pictureOf(scene, language, theme))),
  ),
].filter((name) => name !== undefined);

it('has one of every scene and theme, and no other', () => {
  expect(readdirSync(SCREENSHOTS).toSorted()).toEqual(expected.toSorted());
});

it('has no two of one name', () => {
  expect(expected.filter((name, at) => expected.indexOf(name) !== at)).toEqual([]);
});
