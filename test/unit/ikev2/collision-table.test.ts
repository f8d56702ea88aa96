/** The table of collisions in docs/staying-connected.md names tests that there are, and every test of rekey-collisions but a few. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

const rows = read('../../../docs/staying-connected.md')
  .split('\n')
  .filter((line) => line.includes('| §'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, collision = '', , file = '', name = '']) => ({ collision, file, name }));

it.each(rows)('$collision: $name', ({ file, name }) => {
  expect(read(`./${file}.test.ts`)).toContain(`'${name}'`);
});

it('leaves out no collision that is tested', () => {
  const named = new Set(rows.map(({ name }) => name));
  const tested = read('./rekey-collisions.test.ts')
    .split('\n')
    .flatMap((line) => /^ {2}(?:it\(|it\.each.*\()?'(.+)',/.exec(line)?.[1] ?? []);
  expect(rows.length).toBeGreaterThan(25);
  // It is about a driver that lets go, not about requests that meet.
  expect(tested.filter((name) => !named.has(name))).toEqual([
    'abandoned while our rekeying is under way: not a word, no timer',
  ]);
});
