/**
 * Files for the person: an exported profile, logs, a problem report. The page brings a name to suggest and the octets;
 * where they go is the person's word alone, by the system's dialog. bridge.ts checks what the page brings.
 */
import { chmod, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { fromBase64 } from '#core/bytes/base64.ts';
import type { SavedFile } from './bridge-contract.ts';

/** A hundred thousand lines of a log, with room. */
const MAX_OCTETS = 32 * 1024 * 1024;
const MAX_NAME = 200;

export const savedFileSchema = z.strictObject({
  name: z.string().min(1).max(255),
  content: z.base64().max(Math.ceil(MAX_OCTETS / 3) * 4),
});

/** Shows the dialog with a name in it; undefined where the person thinks better of it. */
export type AskWhere = (suggested: string) => Promise<string | undefined>;

/** False where the person cancelled. Throws Error with the system's words where it cannot be written. */
export async function saveFile({ name, content }: SavedFile, askWhere: AskWhere): Promise<boolean> {
  const octets = fromBase64(content);
  if (octets === undefined) throw new TypeError('content is no base64');
  const path = await askWhere(suggestedName(name));
  if (path === undefined) return false;
  await replace(path, octets);
  return true;
}

/** A name and no path: nothing that leads elsewhere, hides the file, or shows otherwise than it is. */
export function suggestedName(name: string): string {
  const plain = name
    .slice(0, MAX_NAME)
    .replace(/[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]/gu, '-')
    .replace(/^[.\s]+/, '');
  return plain === '' ? 'adit' : plain;
}

/** Whole or not at all, for the person's eyes only. */
async function replace(path: string, octets: Uint8Array): Promise<void> {
  const beside = `${path}.${process.pid}.part`;
  let file: FileHandle | undefined;
  try {
    file = await open(beside, 'wx', 0o600);
    await file.writeFile(octets);
    await file.sync();
    await file.close();
    // The umask may have taken, never added.
    await chmod(beside, 0o600);
    await rename(beside, path);
  } catch (error) {
    await file?.close().catch(() => undefined);
    if (file) await rm(beside, { force: true });
    throw error;
  }
}
