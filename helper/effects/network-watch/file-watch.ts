/**
 * Tells when somebody writes, replaces or removes one file, by inotify(7). Its folder tells of what is renamed into place; the file
 * itself of what is written into it, also where it is a mount point of its own. Used by linux.ts.
 */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorCode } from '../files.ts';

interface FileEvents {
  readonly changed: () => void;
  /** Called once, when nothing more is heard. */
  readonly failed: (error: Error) => void;
}

export class FileWatch {
  readonly #path: string;
  readonly #events: FileEvents;
  readonly #folder: FSWatcher;
  /** Of what stands at the path now; undefined where nothing does. */
  #file: FSWatcher | undefined;

  /** Throws SystemError where the folder or what stands in it cannot be watched. */
  constructor(path: string, events: FileEvents) {
    this.#path = path;
    this.#events = events;
    const name = basename(path);
    this.#folder = this.#watch(dirname(path), (of) => {
      if (of === name) this.#replaced();
    });
    try {
      this.#follow();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#folder.close();
    this.#file?.close();
  }

  #replaced(): void {
    // First: what cannot be watched any more has changed all the same.
    this.#events.changed();
    try {
      this.#follow();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #follow(): void {
    this.#file?.close();
    try {
      this.#file = this.#watch(this.#path, this.#events.changed);
    } catch (error) {
      // A link that leads nowhere, or nothing at all: what comes next is told by the folder.
      if (!NOTHING_THERE.has(errorCode(error))) throw error;
      this.#file = undefined;
    }
  }

  #watch(path: string, heard: (name: string | null) => void): FSWatcher {
    const watcher = watch(path, { persistent: false }, (_, name) => heard(name));
    watcher.on('error', (error) => this.#fail(error));
    return watcher;
  }

  #fail(error: Error): void {
    this.close();
    this.#events.failed(error);
  }
}

const NOTHING_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
