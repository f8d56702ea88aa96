/**
 * One helper for one state directory: two would undo each other's changes. The lock is a file that names its holder by
 * process id and start time, so that one left by a killed helper, or a pid used again, is no obstacle.
 */
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../whole-file.ts';

const holderSchema = z.strictObject({ pid: z.int().positive(), startTime: z.string() });
type Holder = z.infer<typeof holderSchema>;

/** Another helper runs; the message names it and the remedy. */
export class LockError extends Error {
  override readonly name = 'LockError';
}

/** Takes the lock of `stateDir` and returns how to release it. Throws LockError. */
export function lock(stateDir: string): () => void {
  const path = join(stateDir, 'aditd.lock');
  const own = join(stateDir, `aditd.lock.${process.pid}`);
  const me: Holder = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  writeWhole(own, JSON.stringify(me));
  try {
    if (!take(own, path)) {
      clearStale(path, stateDir);
      if (!take(own, path)) throw held(holderOf(path), stateDir);
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (holderOf(path)?.pid === process.pid) rmSync(path, { force: true });
  };
}

/** The process id of the helper that runs with `stateDir`. Writes nothing: a disk that is full says it, too. */
export function runningHelper(stateDir: string): number | undefined {
  const holder = holderOf(join(stateDir, 'aditd.lock'));
  return isAlive(holder) ? holder?.pid : undefined;
}

/** A hard link is made by one process only. */
function take(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a dead holder's lock away. What was moved is looked at again: another starter may have been quicker. */
function clearStale(path: string, stateDir: string): void {
  const holder = holderOf(path);
  if (isAlive(holder)) throw held(holder, stateDir);
  const aside = `${path}.stale.${process.pid}`;
  renameSync(path, aside);
  const moved = holderOf(aside);
  const mistaken = isAlive(moved);
  if (mistaken) take(aside, path);
  rmSync(aside, { force: true });
  if (mistaken) throw held(moved, stateDir);
}

/** `undefined` where the file is gone or is none of ours. */
function holderOf(path: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder | undefined): boolean {
  return holder !== undefined && startTimeOf(holder.pid) === holder.startTime;
}

/** proc(5): field 22 of /proc/PID/stat, counted after the command's closing parenthesis, which ends field 2. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function held(holder: Holder | undefined, stateDir: string): LockError {
  const who = holder ? ` (pid ${holder.pid})` : '';
  const how = holder ? `stop it (kill ${holder.pid})` : 'stop it';
  return new LockError(
    `another aditd${who} runs with the state directory ${stateDir}: ${how}, or choose another --state-dir and --socket`,
  );
}
