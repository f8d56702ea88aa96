/**
 * Draws assets/tray/*.svg as PNG, once plain and once for dense screens (`@2x`), beside them: Electron's tray takes no
 * SVG. Needs the Chromium of the tests; run it after a drawing was changed and commit what it writes.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const folder = join(import.meta.dirname, '../assets/tray');
const SIZE = 22;

for (const [scale, suffix] of [
  [1, ''],
  [2, '@2x'],
] as const) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const page = await browser.newPage({ viewport: { width: SIZE, height: SIZE }, deviceScaleFactor: scale });
  for (const file of globSync('*.svg', { cwd: folder })) {
    await page.setContent(
      `<style>body{margin:0}svg{display:block}</style>${readFileSync(join(folder, file), 'utf8')}`,
    );
    const path = join(folder, file.replace('.svg', `${suffix}.png`));
    await page.screenshot({ path, omitBackground: true });
  }
  await browser.close();
}
