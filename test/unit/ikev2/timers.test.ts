/** Deadlines by name, the index over many of them, and rates. */
import { describe, expect, it } from 'vitest';
import { DeadlineIndex } from '#core/ikev2/deadline-index.ts';
import { HalfOpen } from '#core/ikev2/half-open.ts';
import { RateLimit } from '#core/ikev2/rate-limit.ts';
import { Timers } from '#core/ikev2/timers.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

describe('Timers', () => {
  it('gives the earliest deadline and takes what is due in order', () => {
    const timers = new Timers<'a' | 'b' | 'c'>();
    timers.set('a', 30);
    timers.set('b', 10);
    timers.set('c', 20);
    expect(timers.next()).toBe(10);
    expect(timers.takeDue(25)).toBe('b');
    expect(timers.takeDue(25)).toBe('c');
    expect(timers.takeDue(25)).toBeUndefined();
    expect(timers.next()).toBe(30);
    timers.set('a', undefined);
    expect(timers.next()).toBeUndefined();
  });
});

describe('DeadlineIndex', () => {
  it('agrees with a plain minimum whatever is set and taken out', () => {
    const random = seededRandom(3);
    const index = new DeadlineIndex<number>();
    const plain = new Map<number, number>();
    const answers: [number | undefined, number | undefined][] = [];
    for (let i = 0; i < 2_000; i++) {
      const owner = random.below(12);
      const at = random.unit() < 0.3 ? undefined : random.below(100);
      index.set(owner, at);
      if (at === undefined) plain.delete(owner);
      else plain.set(owner, at);
      const least = plain.size === 0 ? undefined : Math.min(...plain.values());
      // Not every time, so that several changes come between two questions.
      if (random.unit() < 0.7) answers.push([index.earliest(), least]);
    }
    for (const [answer, least] of answers) expect(answer).toBe(least);
    const due = [...plain].filter(([, at]) => at <= 50).map(([owner]) => owner);
    expect(new Set(index.due(50))).toEqual(new Set(due));
  });
});

describe('RateLimit', () => {
  it('allows a burst of one second and then the rate', () => {
    const limit = new RateLimit(4);
    const taken = (now: number): number => {
      let count = 0;
      while (limit.take(now)) count++;
      return count;
    };
    expect(taken(0)).toBe(4);
    expect(taken(250)).toBe(1);
    expect(taken(10_000)).toBe(4);
  });
});

describe('HalfOpen', () => {
  it('counts in all and by address, each owner once', () => {
    const halfOpen = new HalfOpen<string>();
    halfOpen.add('a', '192.0.2.1');
    halfOpen.add('b', '192.0.2.1');
    halfOpen.add('c', '192.0.2.2');
    expect([halfOpen.size, halfOpen.of('192.0.2.1'), halfOpen.of('192.0.2.3')]).toEqual([3, 2, 0]);
    halfOpen.delete('a');
    halfOpen.delete('a');
    halfOpen.delete('nobody');
    expect([halfOpen.size, halfOpen.of('192.0.2.1'), halfOpen.of('192.0.2.2')]).toEqual([2, 1, 1]);
  });
});
