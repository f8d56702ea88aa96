/**
 * What a page that was taken over would try, one thing after the other. Answers which of it succeeded: none, in the
 * bundle that is shipped; and each of it, where a test takes one defence away (safety.test.ts).
 */
import type { RunningApp } from './driver.ts';

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
  const log = await waitForNavigation(app);
  if (log.some(({ kind, data }) => kind === 'window-open' && data !== 'deny')) found.push('window');
  const navigations = log.filter(({ kind }) => kind === 'navigation');
  const stopped =
    navigations.length > 0 && navigations.every(({ data }) => (data as { stopped: boolean }).stopped);
  if (!stopped || page.url() !== before) found.push('navigation');
  return found;
}

async function waitForNavigation(app: RunningApp): Promise<{ kind: string; data: unknown }[]> {
  for (let left = 40; ; left--) {
    const log = await app.evaluate((double) => double.log);
    const kinds = new Set(log.map(({ kind }) => kind));
    if ((kinds.has('navigation') && kinds.has('window-open')) || left === 0) return log;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
