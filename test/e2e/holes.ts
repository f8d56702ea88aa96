/**
 * What a page that was taken over would try, one thing after the other. Answers which of it succeeded: none, in the
 * bundle that is shipped; and each of it, where a test takes one defence away (safety.test.ts).
 */
import type { RunningApp } from './driver.ts';
import type { Escapes } from './hosts/host.ts';

export type Hole =
  | 'ipcRenderer'
  | 'require'
  | 'bridge'
  | 'inline-script'
  | 'style'
  | 'connect'
  | 'navigation'
  | 'window';

export async function holes(app: RunningApp): Promise<Hole[]> {
  const { page } = app;
  const found = await page.evaluate(async () => {
    const open: Hole[] = [];
    const world = globalThis as unknown as Record<string, unknown>;
    if ('ipcRenderer' in world) open.push('ipcRenderer');
    if ('require' in world || 'process' in world || 'module' in world) open.push('require');
    const bridge = world['adit'] as Record<string, unknown> | undefined;
    const names = Object.keys(bridge ?? {}).join(' ');
    try {
      if (bridge) bridge['call'] = () => 'mine';
    } catch {
      // Frozen, as it should be.
    }
    if (names !== 'call onEvent' || String(bridge?.['call']).includes('mine')) open.push('bridge');

    const script = document.createElement('script');
    script.textContent = 'globalThis.ranInline = true';
    document.body.append(script);
    if ('ranInline' in world) open.push('inline-script');
    const style = document.createElement('style');
    style.textContent = 'body { --styled: yes }';
    document.head.append(style);
    if (getComputedStyle(document.body).getPropertyValue('--styled') !== '') open.push('style');
    script.remove();
    style.remove();

    const refused = new Promise<boolean>((resolve) => {
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        if (effectiveDirective === 'connect-src') resolve(true);
      });
      fetch('https://attacker.example/').catch(() => setTimeout(() => resolve(false), 200));
    });
    if (!(await refused)) open.push('connect');
    return open;
  });

  const before = page.url();
  await page.evaluate(() => {
    window.open('https://attacker.example/');
    const link = document.createElement('a');
    link.href = 'https://attacker.example/';
    document.body.append(link);
    link.click();
    link.remove();
  });
  const { navigations, windows } = await escapes(app);
  if (windows.includes('allow')) found.push('window');
  const stopped = navigations.length > 0 && navigations.every((one) => one.stopped);
  if (!stopped || page.url() !== before) found.push('navigation');
  return found;
}

async function escapes(app: RunningApp): Promise<Escapes> {
  for (let left = 40; ; left--) {
    const seen = await app.host.escapes();
    if ((seen.navigations.length > 0 && seen.windows.length > 0) || left === 0) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
