/**
 * The window over a long time and with much in it: 200 profiles, counters of a 10 Gbit/s link, a week of events. What it
 * holds does not grow, what it does is compared with the same in a window with little in it, and hidden it does nothing.
 */
import type { CDPSession } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileSummary, TunnelStatus } from '#core/ipc/contract.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { type Scene, sceneNamed } from './scenes.ts';
import { Stage } from './stage.ts';

/** An event every 11 minutes and 12 seconds of a week; in all of them the link is full. */
const EVENTS = 900;
const STEP_SEC = 672;
/** By then the graph's two minutes are full and what the engine keeps of compiled code has settled. */
const WARM = 600;
const OCTETS_A_SECOND = 1_250_000_000;
const HOUR = 3600;

const MANY: readonly ProfileSummary[] = [
  summary('work', { name: 'Work' }),
  ...Array.from({ length: 199 }, (_, at) =>
    summary(`work-${String(at).padStart(3, '0')}`, { name: `Site ${at}`, gateway: `gw${at}.corp.example` }),
  ),
];
const FEW = MANY.slice(0, 3);
const CONNECTED_SCENE: Scene = {
  name: 'up',
  tunnel: () => CONNECTED,
  shows: (say) => say('state.connected'),
};

/** Each hour has new keys, whose counters begin anew. */
function up(second: number): TunnelStatus {
  const children = CONNECTED.children.map((child) => ({
    ...child,
    spiIn: (0xc0000000 + Math.floor(second / HOUR)).toString(16),
    bytesIn: OCTETS_A_SECOND * (second % HOUR),
    bytesOut: OCTETS_A_SECOND * (second % HOUR),
    packetsIn: 900_000 * (second % HOUR),
  }));
  const at = new Date(Date.UTC(2026, 10, 21) + second * 1000).toISOString();
  return { ...CONNECTED, children, liveness: { lastProof: at, deadAfterSec: 57 } };
}

let stage: Stage;
let cdp: CDPSession;
beforeAll(async () => {
  stage = await Stage.open();
  cdp = await stage.app.page.context().newCDPSession(stage.app.page);
  await cdp.send('Performance.enable');
});
afterAll(() => stage?.close());

interface Held {
  readonly heapKib: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** What is left when everything is thrown away that can be. */
async function held(): Promise<Held> {
  // The first one may leave what only its finalisers free.
  for (let round = 0; round < 3; round++) await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const { nodes, jsEventListeners } = await cdp.send('Memory.getDOMCounters');
  return { heapKib: Math.round(usedSize / 1024), nodes, listeners: jsEventListeners };
}

const tellPage = (...tunnels: readonly TunnelStatus[]): Promise<void> =>
  stage.app.window.send(tunnels.map((tunnel) => ({ topic: 'status', status: { tunnels: [tunnel] } })));

/** Milliseconds of work of the page for so many events, heard and drawn. */
async function work(first: number, count: number): Promise<number> {
  const { page } = stage.app;
  const spent = async (): Promise<number> =>
    (await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ??
    0;
  await page.evaluate(() => {
    const heard = { events: 0 };
    const { adit } = globalThis as unknown as { adit: { onEvent(hear: () => void): () => void } };
    Object.assign(globalThis, { heard, unhear: adit.onEvent(() => heard.events++) });
  });
  const before = await spent();
  for (let event = 0; event < count; event++) await tellPage(up(first + event));
  await page.waitForFunction(
    (all) => (globalThis as unknown as { heard: { events: number } }).heard.events === all,
    count,
  );
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0))));
  await page.evaluate(() => (globalThis as unknown as { unhear(): void }).unhear());
  return ((await spent()) - before) * 1000;
}

describe('a week at 10 Gbit/s', () => {
  it.each(['tunnel', 'details', 'profiles'] as const)(
    'leaves %s as large as its first hours',
    async (view) => {
      const { page } = stage.app;
      await page.clock.install({ time: Date.UTC(2026, 10, 21) });
      const say = await stage.play({ ...CONNECTED_SCENE, profiles: MANY });
      if (view !== 'tunnel')
        await page.getByRole('button', { name: say(`nav.${view}`), exact: true }).click();
      let early: Held | undefined;
      for (let event = 0; event < EVENTS; event++) {
        await tellPage(up(event * STEP_SEC));
        await page.clock.fastForward(STEP_SEC * 1000);
        if (event === WARM) early = await held();
      }
      const late = await held();
      process.stderr.write(`scale: ${view}: ${JSON.stringify({ early, late })}\n`);
      if (!early) throw new Error('there was no beginning');
      expect(late.nodes).toBeLessThanOrEqual(early.nodes + 20);
      expect(late.listeners).toBeLessThanOrEqual(early.listeners + 20);
      // 300 events kept would be 600 KiB.
      expect(late.heapKib).toBeLessThan(early.heapKib + 150);
      await page.clock.resume();
    },
  );

  it('shows its figures in short, and counts days', async () => {
    const { page } = stage.app;
    await page.clock.install({ time: Date.UTC(2026, 10, 28, 9) });
    await stage.play({
      ...CONNECTED_SCENE,
      tunnel: () => ({ ...up(HOUR - 1), since: '2026-11-21T08:00:00.000Z' }),
    });
    await page.getByText('7 d 1:00:0', { exact: false }).waitFor();
    await page.getByText('4.1 TiB', { exact: true }).first().waitFor();
    expect(await page.getByText(/\d{5}/).count()).toBe(0);
    await page.clock.resume();
  });
});

describe('every view, visited again and again', () => {
  it('leaves nothing behind', async () => {
    const { page } = stage.app;
    const say = await stage.play({ ...CONNECTED_SCENE, profiles: MANY });
    const visit = async (): Promise<void> => {
      for (const name of ['nav.details', 'nav.profiles', 'nav.settings'] as const) {
        await page.getByRole('button', { name: say(name), exact: true }).click();
        await page.locator('h1:focus').waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('heading', { name: say('state.connected'), exact: true }).waitFor();
      }
    };
    for (let round = 0; round < 6; round++) await visit();
    const early = await held();
    for (let round = 0; round < 12; round++) await visit();
    const late = await held();
    process.stderr.write(`scale: views: ${JSON.stringify({ early, late })}\n`);
    // A view that stayed would be some hundred nodes each time.
    expect(late.nodes).toBeLessThan(early.nodes + 400);
    expect(late.listeners).toBeLessThan(early.listeners + 100);
    expect(late.heapKib).toBeLessThan(early.heapKib + 600);
  });
});

describe('two hundred profiles', () => {
  it.each(['tunnel', 'profiles'] as const)(
    'cost the view %s little more than three at each event',
    async (view) => {
      const { page } = stage.app;
      const costOf = async (profiles: readonly ProfileSummary[]): Promise<number> => {
        const say = await stage.play({ ...CONNECTED_SCENE, profiles });
        if (view === 'profiles') {
          await page.getByRole('button', { name: say('nav.profiles'), exact: true }).click();
          await page.getByText(profiles.at(-1)?.name ?? '', { exact: true }).waitFor();
        }
        const rounds: number[] = [];
        for (let round = 0; round < 6; round++) {
          rounds.push(await work(round * 50, 50));
        }
        return Math.min(...rounds);
      };
      const few = await costOf(FEW);
      const many = await costOf(MANY);
      process.stderr.write(`scale: ${view}: ${JSON.stringify({ few, many })} ms for 50 events\n`);
      expect(many).toBeLessThan(3 * few);
    },
  );
});

describe('a window that nobody sees', () => {
  it('runs no timer; seen, one a second', async () => {
    const { page } = stage.app;
    await page.clock.install();
    await page.addInitScript(() => {
      const counted = { fired: 0 };
      Object.assign(globalThis, { counted });
      for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame'] as const) {
        const plain = globalThis[name] as (then: (...given: unknown[]) => void, ...more: unknown[]) => number;
        Object.assign(globalThis, {
          [name]: (then: (...given: unknown[]) => void, ...more: unknown[]) =>
            plain(
              (...given) => {
                counted.fired++;
                then(...given);
              },
              ...more,
            ),
        });
      }
    });
    await stage.play(sceneNamed('reconnecting'));
    /** So many callbacks in a minute. */
    const inAMinute = async (): Promise<number> => {
      await page.evaluate(() =>
        Object.assign((globalThis as unknown as { counted: object }).counted, { fired: 0 }),
      );
      await page.clock.runFor(60_000);
      return await page.evaluate(
        () => (globalThis as unknown as { counted: { fired: number } }).counted.fired,
      );
    };
    const become = (isHidden: boolean): Promise<void> =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, isHidden);
    await page.clock.runFor(5_000);
    const seen = await inAMinute();
    expect(seen).toBeGreaterThanOrEqual(59);
    expect(seen).toBeLessThanOrEqual(61);
    await stage.app.window.hide();
    await become(true);
    stage.tellTunnels(bare('failed'));
    await page.clock.runFor(2_000);
    expect(await inAMinute()).toBe(0);
    await become(false);
    await stage.app.window.show();
    await page.locator('[data-state="failed"]').waitFor();
    await page.clock.resume();
    expect(stage.app.complaints).toEqual([]);
  });
});
