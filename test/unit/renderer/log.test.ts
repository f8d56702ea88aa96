/** Lines of the log: kept, bounded, never twice; found by level, part and words; drawn only where they are seen. */
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '#core/ipc/contract.ts';
import { LogFilter, lineOf, type Wanted, windowOf } from '#renderer/features/logs/log-filter.ts';
import { LogRing } from '#renderer/stores/log-ring.ts';

const ALL: Wanted = { level: 'debug', subsystem: '', search: '' };
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

const line = (number: number, more: Partial<LogEntry> = {}): LogEntry => ({
  time: new Date(Date.UTC(2026, 10, 21) + number).toISOString(),
  level: LEVELS[number % 4] ?? 'info',
  subsystem: number % 2 === 0 ? 'ike' : 'dns',
  message: `line ${number}`,
  ...more,
});
const lines = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from }, (_, at) => line(from + at));
const messages = (filter: LogFilter): string[] =>
  Array.from({ length: filter.size }, (_, index) => filter.entryAt(index)?.message ?? 'none');

describe('the ring', () => {
  it('keeps the newest, each under its number', () => {
    const ring = new LogRing(3);
    ring.append(lines(0, 5));
    expect([ring.size, ring.first, ring.end]).toEqual([3, 2, 5]);
    expect([ring.at(1), ring.at(2)?.message, ring.at(5)]).toEqual([undefined, 'line 2', undefined]);
    expect(ring.newest(2).map(({ message }) => message)).toEqual(['line 3', 'line 4']);
  });

  it('takes of a snapshot only what it does not have', () => {
    const ring = new LogRing(100);
    ring.merge(lines(0, 5));
    ring.merge(lines(2, 8));
    ring.merge(lines(2, 8));
    expect(ring.newest(100)).toEqual(lines(0, 8));
  });

  it('takes all of a snapshot that begins after its end', () => {
    const ring = new LogRing(100);
    ring.merge(lines(0, 3));
    ring.merge(lines(7, 9));
    expect(ring.newest(100)).toEqual([...lines(0, 3), ...lines(7, 9)]);
  });

  it('does not take one line for another that says the same later', () => {
    const ring = new LogRing(100);
    const again = (time: string): LogEntry => line(0, { time, message: 'again' });
    ring.merge([again('2026-11-21T00:00:01.000Z')]);
    ring.merge([again('2026-11-21T00:00:01.000Z'), again('2026-11-21T00:00:02.000Z')]);
    expect(ring.size).toBe(2);
  });
});

describe('the filter', () => {
  it.each<[string, Partial<Wanted>, string[]]>([
    ['all', {}, ['line 0', 'line 1', 'line 2', 'line 3']],
    ['a level and what is graver', { level: 'warn' }, ['line 0', 'line 1']],
    ['a part', { subsystem: 'dns' }, ['line 1', 'line 3']],
    ['words, whatever the case', { search: ' LINE 2 ' }, ['line 2']],
    ['marks that mean something elsewhere', { search: 'line .' }, []],
  ])('shows %s', (_, wanted, expected) => {
    const ring = new LogRing(10);
    ring.append(lines(0, 4));
    expect(messages(new LogFilter(ring, { ...ALL, ...wanted }))).toEqual(expected);
  });

  it('follows the ring, and says how many lines went', () => {
    const ring = new LogRing(4);
    ring.append(lines(0, 4));
    const filter = new LogFilter(ring, { ...ALL, subsystem: 'ike' });
    ring.append(lines(4, 7));
    expect(filter.update()).toBe(2);
    expect(messages(filter)).toEqual(['line 4', 'line 6']);
    expect([filter.indexOf(4), filter.indexOf(5), filter.numberAt(1)]).toEqual([0, 1, 6]);
  });

  it('equals a fresh one after any number of lines', () => {
    const ring = new LogRing(5000);
    const filter = new LogFilter(ring, { ...ALL, level: 'info' });
    for (let from = 0; from < 30_000; from += 977) {
      ring.append(lines(from, from + 977));
      filter.update();
    }
    expect(messages(filter)).toEqual(messages(new LogFilter(ring, { ...ALL, level: 'info' })));
  });

  it('gives the newest lines that fit as text', () => {
    const ring = new LogRing(10);
    ring.append(lines(0, 4));
    const filter = new LogFilter(ring, ALL);
    const whole = `${lines(0, 4).map(lineOf).join('\n')}\n`;
    expect(filter.text(1e6)).toEqual({ text: whole, count: 4 });
    expect(filter.text(whole.length - 1).count).toBe(3);
  });
});

it('writes nothing invisible or active', () => {
  const text = lineOf(line(0, { message: 'a\u202eb\u001b[31m\nc', subsystem: 'i\u200bke', profile: 'p\r' }));
  expect(text).toContain(String.raw`a\u{202e}b\u{1b}[31m\u{a}c`);
  expect(text).not.toMatch(/[\p{C}\p{Zl}]/u);
});

it('draws as many rows as are seen and a few around, however many there are', () => {
  for (const count of [0, 10, 1000, 100_000]) {
    for (const scrolled of [0, 50, 6_400_000, 1e9]) {
      const { from, to } = windowOf(count, scrolled, 640, 64);
      expect(from).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThanOrEqual(count);
      expect(to - from).toBeLessThanOrEqual(27);
    }
  }
  expect(windowOf(100_000, 64_000, 640, 64)).toEqual({ from: 992, to: 1018 });
});
