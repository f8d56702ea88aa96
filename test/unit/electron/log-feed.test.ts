/** The log on its way to the page: in batches, only while somebody looks, nothing kept. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogEntry } from '#core/ipc/contract.ts';
import { BATCH_EVERY_MS, type LogBatch, LogFeed, MAX_BATCH } from '#electron/log-feed.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const entry = (number: number): LogEntry => ({
  time: '2026-11-21T00:00:00.000Z',
  level: 'info',
  subsystem: 'ike',
  message: String(number),
});

function setUp() {
  const asked: boolean[] = [];
  const sent: LogBatch[] = [];
  const feed = new LogFeed({
    follow(on) {
      asked.push(on);
      return Promise.resolve();
    },
    send: (batch) => sent.push(batch),
  });
  return { feed, asked, sent };
}

describe('the feed', () => {
  it('asks the helper only while the page wants it and the window is seen', async () => {
    const { feed, asked } = setUp();
    feed.setSeen(false);
    await feed.setWanted(true);
    expect(asked).toEqual([]);
    feed.setSeen(true);
    feed.setSeen(true);
    feed.setSeen(false);
    feed.setSeen(true);
    await feed.setWanted(false);
    expect(asked).toEqual([true, false, true, false]);
  });

  it('passes a snapshot on at once and lines at most four times a second', async () => {
    const { feed, sent } = setUp();
    await feed.setWanted(true);
    feed.hear({ snapshot: [entry(0)] });
    expect(sent).toEqual([{ topic: 'log', isSnapshot: true, entries: [entry(0)], missed: 0 }]);
    for (let number = 0; number < 1000; number++) {
      feed.hear({ entry: entry(number) });
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(BATCH_EVERY_MS);
    expect(sent.length).toBeLessThanOrEqual(1 + 4);
    expect(sent.slice(1).flatMap(({ entries }) => entries)).toHaveLength(1000);
  });

  it('tells how many of a flood it left out, and holds no more than two batches', async () => {
    const { feed, sent } = setUp();
    await feed.setWanted(true);
    for (let number = 0; number < 50_000; number++) feed.hear({ entry: entry(number) });
    vi.advanceTimersByTime(BATCH_EVERY_MS);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.entries).toHaveLength(MAX_BATCH);
    expect(sent[0]?.entries.at(-1)?.message).toBe('49999');
    expect(sent[0]?.missed).toBe(50_000 - MAX_BATCH);
  });

  it('sends nothing of what waits once nobody looks', async () => {
    const { feed, sent } = setUp();
    await feed.setWanted(true);
    feed.hear({ entry: entry(1) });
    feed.setSeen(false);
    feed.hear({ entry: entry(2) });
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
