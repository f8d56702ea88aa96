/** scripts/in-namespaces.sh, which `npm run demo`, `bench`, `soak` and `test` run in: what ends it ends all of it. */
import { once } from 'node:events';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/in-namespaces.sh', import.meta.url));

const start = (program: string): ChildProcessByStdio<null, Readable, null> =>
  spawn('bash', [SCRIPT, process.execPath, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });

describe('a program in namespaces of its own', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends on %s, and so does what it started',
    async (signal) => {
      const child = start(
        `require('node:child_process').spawn('sleep', ['1000'], { stdio: ['ignore', 'inherit', 'inherit'] });
       console.log('up')`,
      );
      await once(child.stdout, 'data');
      child.kill(signal);
      // `close` comes when nobody holds the pipe any more, `sleep` least of all.
      expect(await once(child, 'close')).toEqual([null, signal]);
    },
  );

  it('has a network of its own, and its exit status is told', async () => {
    const child = start(
      `console.log(Object.keys(require('node:os').networkInterfaces()).join()); process.exit(7)`,
    );
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    expect(text.toString().trim()).toBe('lo');
    expect(await once(child, 'close')).toEqual([7, null]);
  });
});
