/**
 * Revocation data kept between connections, in the state directory: one file a source, named by a hash of its URL and
 * the certificate. Only what was believed goes in, and it is checked again when it comes out. A cache that cannot be
 * read or written is an empty one.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../whole-file.ts';

export interface RevocationCache {
  get(key: string): Uint8Array | undefined;
  put(key: string, data: Uint8Array): void;
}

const MOST_FILES = 64;

/** `directory` is made when first written. */
export function diskCache(directory: string): RevocationCache {
  const path = (key: string): string =>
    join(directory, `${createHash('sha256').update(key).digest('hex')}.der`);
  return {
    get(key) {
      try {
        return Uint8Array.from(readFileSync(path(key)));
      } catch {
        return undefined;
      }
    },
    put(key, data) {
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        writeWhole(path(key), data);
        removeOldest(directory);
      } catch {
        // Without a cache the next connection asks again.
      }
    },
  };
}

function removeOldest(directory: string): void {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.der'))
    .map((name) => ({ path: join(directory, name), at: statSync(join(directory, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { path } of files.slice(MOST_FILES)) unlinkSync(path);
}

/** The same without a disk, for tests. */
export function memoryCache(): RevocationCache {
  const kept = new Map<string, Uint8Array>();
  return { get: (key) => kept.get(key), put: (key, data) => void kept.set(key, data) };
}
