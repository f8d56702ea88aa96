/**
 * Log lines into <state-dir>/log/aditd.log, readable by root only, in a bounded number of files of a bounded size.
 * A log that cannot be written (disk full) must never end a tunnel: the sink says so once on standard error and
 * tries again with the next line.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { formatEntry, messageOf } from './log.ts';
import type { LogSink } from './log.ts';

interface FileSinkOptions {
  readonly directory: string;
  readonly maxBytes?: number;
  /** Old files kept beside the current one: aditd.log.1 is the newest of them. */
  readonly keep?: number;
  readonly complain: (sentence: string) => void;
}

export function fileSink({ directory, maxBytes = 1 << 20, keep = 3, complain }: FileSinkOptions): LogSink {
  const path = join(directory, 'aditd.log');
  let file: number | undefined;
  let size = 0;
  let complained = false;

  function open(): number {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
    const descriptor = openSync(path, flags, 0o600);
    size = fstatSync(descriptor).size;
    return descriptor;
  }

  function rotate(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
    for (let old = keep; old > 0; old--) {
      try {
        renameSync(old === 1 ? path : `${path}.${old - 1}`, `${path}.${old}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  return (entry) => {
    const line = Buffer.from(`${formatEntry(entry)}\n`);
    try {
      file ??= open();
      if (size > 0 && size + line.length > maxBytes) {
        rotate();
        file = open();
      }
      size += writeSync(file, line);
      complained = false;
    } catch (error) {
      if (!complained)
        complain(`aditd: cannot write ${path} (${messageOf(error)}); the log goes on without it`);
      complained = true;
    }
  };
}
