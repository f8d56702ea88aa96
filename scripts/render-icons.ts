/**
 * Draws assets/tray/*.svg as PNG, once plain and once for dense screens (`@2x`), beside them: Electron's tray takes no
 * SVG; and assets/icon/adit.svg in the sizes that electron-builder puts into a package. Needs the Chromium of the tests;
 * run it after a drawing was changed, look at docs/screenshots/tray-*.png and commit what it writes.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const assets = join(import.meta.dirname, '../assets');
const TRAY_SIZE = 22;
/** Of hicolor's folders, which electron-builder fills from files of these names. */
const ICON_SIZES = [16, 24, 32, 48, 64, 128, 256, 512];

/** Of the panels that people have. */
const SHOWN_SIZES = [16, 22, 32, 64];
const STATES = ['exposed', 'securing', 'secured', 'attention'];

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});

async function draw(from: string, to: string, size: number, scale = 1): Promise<void> {
  const page = await browser.newPage({ viewport: { width: size, height: size }, deviceScaleFactor: scale });
  await page.setContent(
    `<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${readFileSync(join(assets, from), 'utf8')}`,
  );
  await page.screenshot({ path: join(assets, to), omitBackground: true });
  await page.close();
}

for (const file of globSync('tray/*.svg', { cwd: assets })) {
  await draw(file, file.replace('.svg', '.png'), TRAY_SIZE);
  await draw(file, file.replace('.svg', '@2x.png'), TRAY_SIZE, 2);
}
/** All of them side by side, to be looked at: docs/screenshots. */
for (const [theme, bar] of [
  ['light', '#eceef1'],
  ['dark', '#20242b'],
] as const) {
  const page = await browser.newPage({ viewport: { width: 380, height: 200 } });
  const rows = SHOWN_SIZES.map((size) => {
    const icons = STATES.map((state) => {
      const svg = readFileSync(join(assets, `tray/${state}-${theme}.svg`), 'utf8');
      return svg.replace('width="22" height="22"', `width="${size}" height="${size}"`);
    });
    return `<div>${icons.join('')}</div>`;
  });
  await page.setContent(
    `<style>body{margin:0;height:100vh;background:${bar};display:grid;align-content:space-evenly}` +
      `div{display:grid;grid-template-columns:repeat(4,1fr);place-items:center}</style>${rows.join('')}`,
  );
  await page.screenshot({ path: join(assets, `../docs/screenshots/tray-${theme}.png`) });
  await page.close();
}
for (const size of ICON_SIZES) await draw('icon/adit.svg', `icon/${size}x${size}.png`, size);
await browser.close();
