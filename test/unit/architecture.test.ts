/** The import rules of docs/architecture.md, held for every source file, and each shown to bite. */
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { brokenRules, CORE_MAY_IMPORT, FOLDER_MAY_IMPORT } from '#test/harness/source-rules.ts';

const root = new URL('../../', import.meta.url).pathname;
const files = Object.keys(FOLDER_MAY_IMPORT)
  .flatMap((folder) => globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root }))
  .filter((file) => !file.endsWith('.d.ts'));

describe('every source file', () => {
  it('is found', () => {
    expect(files).toContain('core/bytes/reader.ts');
    expect(files).toContain('helper/native/data-plane.ts');
  });

  it('keeps the import rules', () => {
    const broken = files.flatMap((file) => brokenRules(file, readFileSync(root + file, 'utf8')));
    expect(broken).toEqual([]);
  });
});

describe('the table of core folders', () => {
  it('names every folder there is', () => {
    const there = new Set(files.filter((file) => file.startsWith('core/')).map((file) => file.split('/')[1]));
    expect(Object.keys(CORE_MAY_IMPORT).sort()).toEqual(expect.arrayContaining([...there]));
  });

  it('has no circle: each folder imports only folders that stand above it', () => {
    const above: string[] = [];
    for (const [folder, uses] of Object.entries(CORE_MAY_IMPORT)) {
      expect(above).toEqual(expect.arrayContaining([...uses]));
      above.push(folder);
    }
  });
});

describe('each rule bites', () => {
  const cases: readonly (readonly [file: string, text: string, says: RegExp])[] = [
    ['core/ike/x.ts', `import { readFileSync } from 'node:fs';`, /may not import node:fs/],
    ['core/ike/x.ts', `export { x } from 'node:crypto';`, /may not import node:crypto/],
    ['core/ike/x.ts', `import lodash from 'lodash';`, /may not import lodash/],
    ['core/ike/x.ts', `import { x } from '#helper/clock.ts';`, /may not import from helper\//],
    ['core/ike/x.ts', `import type { X } from '../../cli/main.ts';`, /may not import from cli\//],
    ['core/ike/x.ts', `import { x } from '#test/harness/lab.ts';`, /may not import from test\//],
    ['core/ike/x.ts', `const m = await import('zod');`, /may not use async/],
    ['core/ike/x.ts', `import(name);`, /may not import a computed import/],
    ['core/ike/x.ts', 'const t = `${Date.now()}`;', /may not use Date/],
    ['core/ike/x.ts', `const r = Math.random();`, /may not use Math\.random/],
    ['core/ike/x.ts', `const r = Math['random']();`, /may not use Math\.random/],
    ['core/ike/x.ts', `setTimeout(() => 0, 1);`, /may not use setTimeout/],
    ['core/ike/x.ts', `console.log(1);`, /may not use console/],
    ['core/ike/x.ts', `process.exit();`, /may not use process/],
    ['core/ike/x.ts', `Buffer.from([]);`, /may not use Buffer/],
    ['core/ike/x.ts', `const f = { now: () => performance.now() };`, /may not use performance/],
    ['core/ike/x.ts', `const g = globalThis;`, /may not use globalThis/],
    ['core/ike/x.ts', `crypto.getRandomValues(a);`, /may not use crypto/],
    ['core/ike/x.ts', `async function f() {}`, /may not use async/],
    [
      'core/bytes/x.ts',
      `import { x } from '#core/ikev2/x.ts';`,
      /core\/bytes\/ may not import from core\/ikev2/,
    ],
    [
      'core/ike/x.ts',
      `import { x } from '../profile/profile.ts';`,
      /core\/ike\/ may not import from core\/profile/,
    ],
    ['cli/x.ts', `import { x } from '#helper/clock.ts';`, /cli\/ may not import from helper\//],
    ['electron/x.ts', `import { x } from '../helper/clock.ts';`, /electron\/ may not import from helper\//],
    ['renderer/x.tsx', `import fs from 'node:fs'; const a = <b />;`, /renderer\/ may not import node:fs/],
    ['renderer/x.tsx', `import { x } from '#electron/main.ts';`, /renderer\/ may not import from electron\//],
    ['helper/x.ts', `import { x } from '#cli/main.ts';`, /helper\/ may not import from cli\//],
    ['helper/x.ts', `import { x } from '../electron/main.ts';`, /helper\/ may not import from electron\//],
    ['helper/x.ts', `import { x } from '#test/harness/lab.ts';`, /helper\/ may not import from test\//],
  ];
  it.each(cases)('%s: %s', (file, text, says) => {
    expect(brokenRules(file, text).join('\n')).toMatch(says);
  });

  it('and lets the same names pass where they are only names', () => {
    const text = `import { z } from 'zod';
      interface Rule { process: number; Date(): void }
      export const rule = { process: 1, console: 2, at: (task: Rule) => task.process + task['console'] };
      export const width = ({ window }: { window: number }, [self = 1]: number[]) => window + self;
      // Date.now() and Math.random() in a comment
      export const words = 'process.exit()';`;
    expect(brokenRules('core/ike/x.ts', text)).toEqual([]);
  });
});
