/** Before the suite: the bundle as it is shipped. Vitest's globalSetup. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export default function build(): void {
  const root = join(import.meta.dirname, '../..');
  execFileSync(process.execPath, ['scripts/build-app.ts'], { cwd: root, stdio: 'inherit' });
}
