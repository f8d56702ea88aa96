/**
 * Files that are there whole or not at all: written beside their place, forced to disk, then renamed over it. A
 * reader, also one after a power cut or a kill between two steps, finds the old content or the new, never a part.
 * The profile store writes through this; the steps are an interface so that a test can stop at each.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The calls of node:fs that writing needs. */
export type FileCalls = Pick<
  typeof fs,
  'openSync' | 'writeSync' | 'fsyncSync' | 'closeSync' | 'renameSync' | 'unlinkSync'
>;

const TEMPORARY = /^\..+\.[0-9a-f]{12}\.tmp$/;

/** Replaces or creates `path` with mode 0600. Throws the system's error with the old content still in place. */
export function writeWhole(path: string, content: string | Uint8Array, calls: FileCalls = fs): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  let file: number | undefined = calls.openSync(temporary, 'wx', 0o600);
  try {
    const octets = Buffer.from(content);
    for (let at = 0; at < octets.length; ) at += calls.writeSync(file, octets, at);
    calls.fsyncSync(file);
    calls.closeSync(file);
    file = undefined;
    calls.renameSync(temporary, path);
  } catch (error) {
    if (file !== undefined) calls.closeSync(file);
    calls.unlinkSync(temporary);
    throw error;
  }
  syncDirectory(directory, calls);
}

/** Removes `path` for good. Throws the system's error. */
export function removeWhole(path: string, calls: FileCalls = fs): void {
  calls.unlinkSync(path);
  syncDirectory(dirname(path), calls);
}

/** Sweeps what a killed writer left beside the files of `directory`. */
export function removeTemporaries(directory: string): void {
  for (const name of fs.readdirSync(directory))
    if (TEMPORARY.test(name)) fs.unlinkSync(join(directory, name));
}

/** A rename or removal is on disk only when its directory is. */
function syncDirectory(directory: string, calls: FileCalls): void {
  const handle = calls.openSync(directory, 'r');
  try {
    calls.fsyncSync(handle);
  } finally {
    calls.closeSync(handle);
  }
}
