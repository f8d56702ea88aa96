/**
 * Whether whoever types is here by SSH, and so may be cut off by what he types. sudo takes the variable away, so the
 * processes above this one count, too (proc(5), /proc/PID/stat: the command in parentheses, the state, the parent).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SERVER = /^(sshd|dropbear)/;
/** More are no shells in shells. */
const MOST_ABOVE = 64;

export function isOverSsh(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  parent = process.ppid,
  proc = '/proc',
): boolean {
  if ((environment['SSH_CONNECTION'] ?? '') !== '') return true;
  let pid = parent;
  for (let above = 0; pid > 0 && above < MOST_ABOVE; above++) {
    const process = statOf(join(proc, String(pid), 'stat'));
    if (process === undefined) return false;
    if (SERVER.test(process.command)) return true;
    pid = process.parent;
  }
  return false;
}

/** Undefined where it has ended, or is hidden from us. */
function statOf(path: string): { readonly command: string; readonly parent: number } | undefined {
  try {
    const [, command = '', parent] = /^\d+ \((.*)\) \S (\d+) /s.exec(readFileSync(path, 'utf8')) ?? [];
    return { command, parent: Number(parent ?? 0) };
  } catch {
    return undefined;
  }
}
