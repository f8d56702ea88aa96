/** A Unix socket's file without anybody behind it, as a killed helper leaves one. */
import { spawnSync } from 'node:child_process';

export function deadSocket(path: string): void {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  const { signal } = spawnSync(process.execPath, ['-e', program]);
  if (signal !== 'SIGKILL') throw new Error(`no dead socket at ${path}`);
}
