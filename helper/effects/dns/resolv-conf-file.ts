/**
 * /etc/resolv.conf as a thing on the disk: what stands there, and putting something else in its place. Renamed into
 * place where that is possible; written in place where the file is a mount point of its own (containers,
 * `ip netns exec`). Called by resolv-conf.ts beside it.
 */
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { SystemFailure } from '../effects.ts';
import { errorCode, readOctets, type Files } from '../files.ts';

/** What can stand at the path; octets as base64. A link keeps what it led to, for its name servers. */
export const standingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('absent'), content: z.literal('') }),
  z.strictObject({ kind: z.literal('link'), target: z.string(), content: z.base64() }),
  z.strictObject({
    kind: z.literal('file'),
    mode: z.int(),
    uid: z.int(),
    gid: z.int(),
    content: z.base64(),
  }),
]);
export type Standing = z.infer<typeof standingSchema>;

export function look(files: Files, path: string): Standing {
  const status = files.lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return { kind: 'absent', content: '' };
  const content = (readOctets(files, path) ?? Buffer.alloc(0)).toString('base64');
  if (status.isSymbolicLink()) return { kind: 'link', target: files.readlinkSync(path), content };
  return { kind: 'file', mode: status.mode & 0o7777, uid: status.uid, gid: status.gid, content };
}

export const sameStanding = (a: Standing, b: Standing): boolean =>
  a.kind === b.kind &&
  (a.kind === 'link' ? b.kind === 'link' && a.target === b.target : a.content === b.content);

/** The octets of a file that we write; readable for all, whatever the helper's umask. */
export const ordinaryFile = (text: string): Standing => ({
  kind: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  content: Buffer.from(text).toString('base64'),
});

/** Throws SystemFailure; the old content then still stands. */
export function put(files: Files, path: string, wanted: Standing): void {
  const temporary = temporaryOf(path);
  try {
    remove(files, temporary);
    if (wanted.kind === 'absent') {
      remove(files, path);
      return;
    }
    if (wanted.kind === 'link') files.symlinkSync(wanted.target, temporary);
    else create(files, temporary, wanted);
    files.renameSync(temporary, path);
    syncDirectory(files, dirname(path));
  } catch (error) {
    if (!IN_PLACE.has(errorCode(error)) || wanted.kind === 'link') throw failure(path, error);
    try {
      overwrite(files, path, Buffer.from(wanted.content, 'base64'));
    } catch (second) {
      throw failure(path, second);
    }
  } finally {
    sweep(files, path);
  }
}

/** A mount point refuses the rename; a read-only /etc the file beside it. */
const IN_PLACE: ReadonlySet<string> = new Set(['EBUSY', 'EROFS', 'EACCES', 'EPERM']);

function create(files: Files, path: string, { mode, uid, gid, content }: Standing & { kind: 'file' }): void {
  const file = files.openSync(path, 'wx', 0o600);
  try {
    writeAll(files, file, Buffer.from(content, 'base64'));
    files.fchmodSync(file, mode);
    files.fchownSync(file, uid, gid);
    files.fsyncSync(file);
  } finally {
    files.closeSync(file);
  }
}

/** Octets first, length after: a kill in between leaves ours with the tail of the old, which `torn` knows. */
function overwrite(files: Files, path: string, octets: Buffer): void {
  const file = files.openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    writeAll(files, file, octets);
    files.ftruncateSync(file, octets.length);
    files.fsyncSync(file);
  } finally {
    files.closeSync(file);
  }
}

/** Whether `content` is what an interrupted overwriting of one of `known` by another leaves (all base64). */
export function torn(content: string, known: readonly string[]): boolean {
  const octets = Buffer.from(content, 'base64');
  const all = known.map((each) => Buffer.from(each, 'base64'));
  return all.some((next) =>
    all.some((old) => octets.equals(Buffer.concat([next, old.subarray(Math.min(next.length, old.length))]))),
  );
}

function writeAll(files: Files, file: number, octets: Buffer): void {
  for (let at = 0; at < octets.length; ) at += files.writeSync(file, octets, at, octets.length - at, at);
}

function remove(files: Files, path: string): void {
  try {
    files.unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Removes what a killed helper may have left beside the file. */
export function sweep(files: Files, path: string): void {
  try {
    files.unlinkSync(temporaryOf(path));
  } catch (error) {
    // Never made, or made in a directory that is read-only now: harmless beside the file.
    if (errorCode(error) === '') throw error;
  }
}

const temporaryOf = (path: string): string => join(dirname(path), `.${basename(path)}.adit`);

function syncDirectory(files: Files, path: string): void {
  const handle = files.openSync(path, 'r');
  try {
    files.fsyncSync(handle);
  } finally {
    files.closeSync(handle);
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EPERM: 'It may be immutable (lsattr): chattr -i, or let systemd-resolved keep the name servers',
  EACCES: 'Start aditd as root',
  EROFS: 'The file system is read-only: remount it, or let systemd-resolved keep the name servers',
  ENOSPC: 'The disk is full: make room',
};

function failure(path: string, error: unknown): SystemFailure {
  const code = errorCode(error);
  if (code === '') throw error;
  return new SystemFailure(
    `${path} cannot be changed`,
    (error as Error).message,
    REMEDIES[code] ?? 'Let systemd-resolved keep the name servers: apt-get install systemd-resolved',
  );
}
