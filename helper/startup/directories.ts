/**
 * The directories the helper trusts: checked with lstat, so that nobody else can have put something in them or may
 * do so later. The socket's directory may be entered by all, the state directory by the helper alone.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** A directory that must not be used; the message says why and what to do. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
}

/** Makes `path` (0700) where it is missing. Throws DirectoryError where others could read or change it. */
export function privateDirectory(path: string): void {
  checked(path, 0o700, 0o077);
}

/** Makes `path` (0755) where it is missing. Throws DirectoryError where others could change it. */
export function publicDirectory(path: string): void {
  checked(path, 0o755, 0o022);
}

function checked(path: string, mode: number, forbidden: number): void {
  make(path, mode);
  const status = lstatSync(path);
  const uid = process.geteuid?.();
  if (status.isSymbolicLink()) throw refuse(path, 'it is a symbolic link', 'name the directory itself');
  if (!status.isDirectory()) throw refuse(path, 'it is not a directory', 'move it away');
  if (status.uid !== uid) {
    throw refuse(path, `it belongs to uid ${status.uid}`, `give it to uid ${uid}: chown ${uid} ${path}`);
  }
  if ((status.mode & forbidden) !== 0) {
    const found = (status.mode & 0o7777).toString(8);
    throw refuse(path, `its mode ${found} lets others in`, `chmod ${mode.toString(8)} ${path}`);
  }
  checkParents(path);
}

/** Whoever may write a parent could put another directory in this one's place; the sticky bit forbids it. */
function checkParents(path: string): void {
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    const { mode } = lstatSync(parent);
    if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) {
      throw refuse(path, `others may write its parent ${parent}`, `chmod go-w ${parent}`);
    }
    if (parent === dirname(parent)) return;
  }
}

function make(path: string, mode: number): void {
  // The process's umask is 077: the parent of a public directory needs its mode said as well.
  const before = process.umask(0o022);
  try {
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw refuse(path, `it cannot be made (${code})`, 'start aditd as root');
  } finally {
    process.umask(before);
  }
}

function refuse(path: string, problem: string, remedy: string): DirectoryError {
  return new DirectoryError(`the directory ${path} cannot be used: ${problem}; ${remedy}`);
}
