/** What is remembered between starts, and what becomes of damage. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { onScreen, readSaved, writeSaved } from '#electron/saved.ts';

const directory = mkdtempSync(join(tmpdir(), 'adit-saved-'));
afterAll(() => rmSync(directory, { recursive: true }));
const SETTINGS = {
  language: 'system',
  theme: 'system',
  startHidden: false,
  connectAtStart: null,
  mute: false,
  onQuit: 'ask',
  rememberSecrets: false,
} as const;
const DEFAULTS = { window: { width: 380, height: 640 }, settings: SETTINGS };

describe('the file', () => {
  it('comes back as it was written', () => {
    const file = join(directory, 'deep', 'interface.json');
    const saved = {
      window: { x: 10, y: 20, width: 500, height: 700 },
      settings: { ...SETTINGS, mute: true, language: 'de' },
    } as const;
    writeSaved(file, saved);
    expect(readSaved(file)).toEqual(saved);
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '{"window":7,"settings":[]}',
    '{"settings":{"theme":"pink","mute":"yes"}}',
  ])('counts as the defaults where it reads %j', (text) => {
    const file = join(directory, 'damaged.json');
    writeFileSync(file, text);
    expect(readSaved(file)).toEqual(DEFAULTS);
  });

  it('never makes the window smaller than its views', () => {
    const file = join(directory, 'small.json');
    writeFileSync(file, '{"window":{"width":3,"height":1e9},"settings":{"mute":true}}');
    expect(readSaved(file)).toEqual({ ...DEFAULTS, settings: { ...SETTINGS, mute: true } });
  });
});

describe('the place of the window', () => {
  const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }];
  it('is kept where a screen shows it', () => {
    expect(onScreen({ x: 1500, y: 100, width: 380, height: 640 }, screens)).toMatchObject({
      x: 1500,
      y: 100,
    });
  });
  it('is forgotten with the screen that showed it', () => {
    expect(onScreen({ x: 2500, y: 100, width: 380, height: 640 }, screens)).toEqual({
      width: 380,
      height: 640,
    });
    expect(onScreen({ x: 0, y: -700, width: 380, height: 640 }, screens)).toEqual({
      width: 380,
      height: 640,
    });
  });
});
