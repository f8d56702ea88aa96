/**
 * The journal on disk, and undoing what it names: at the helper's start, after whatever ended the last one. The file
 * is read once; each change is durable before it returns. A damaged file is kept aside, what can be read of it used.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { removeTemporaries, writeWhole } from '../whole-file.ts';
import { SystemFailure, type Effects, type Warnings } from './effects.ts';
import { errorCode, readText, systemFiles, type Files } from './files.ts';
import { journalEntrySchema, type Journal, type JournalEntry } from './journal.ts';

const journalSchema = z.object({ version: z.literal(1), entries: z.array(z.unknown()) });

/** What undoing needs of the helper's log. */
interface UndoLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export class JournalFile implements Journal {
  readonly #path: string;
  readonly #files: Files;
  #entries: readonly JournalEntry[] = [];

  private constructor(path: string, files: Files) {
    this.#path = path;
    this.#files = files;
  }

  /**
   * Reads `journal.json` of the state directory, and sweeps what a killed writer left there. `warnings` tell of a
   * file that was damaged.
   */
  static open(
    stateDir: string,
    files: Files = systemFiles,
  ): { readonly journal: JournalFile; readonly warnings: Warnings } {
    removeTemporaries(stateDir);
    const journal = new JournalFile(join(stateDir, 'journal.json'), files);
    return { journal, warnings: journal.#read() };
  }

  entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  async add(entry: JournalEntry): Promise<void> {
    if (!this.#entries.some((each) => same(each, entry))) this.#write([...this.#entries, entry]);
  }

  async remove(entry: JournalEntry): Promise<void> {
    if (this.#entries.some((each) => same(each, entry))) {
      this.#write(this.#entries.filter((each) => !same(each, entry)));
    }
  }

  #write(entries: readonly JournalEntry[]): void {
    try {
      writeWhole(this.#path, JSON.stringify({ version: 1, entries }), this.#files);
    } catch (error) {
      throw new SystemFailure(
        `The journal ${this.#path} cannot be written`,
        (error as Error).message,
        errorCode(error) === 'ENOSPC' ? 'The disk is full: make room' : 'Check the state directory of aditd',
      );
    }
    this.#entries = entries;
  }

  #read(): Warnings {
    const text = readText(this.#files, this.#path);
    if (text === undefined) return [];
    const read = journalSchema.safeParse(parsed(text));
    const listed = read.success ? read.data.entries : [];
    const entries = listed.map((entry) => journalEntrySchema.safeParse(entry));
    this.#entries = entries.flatMap((entry) => (entry.success ? [entry.data] : []));
    if (read.success && entries.every((entry) => entry.success)) return [];
    this.#files.renameSync(this.#path, `${this.#path}.corrupt`);
    this.#write(this.#entries);
    return [
      `The journal ${this.#path} was damaged and is kept as ${this.#path}.corrupt; ${this.#entries.length} of its ` +
        'entries could be read. "adit doctor" shows whether something of a former tunnel is left',
    ];
  }
}

/**
 * Undoes every entry, the last first, and removes it from the journal. An entry that fails is reported and stays for
 * the next time. Returns how many stayed.
 */
export async function undoAll(journal: Journal, effects: Effects, log: UndoLog): Promise<number> {
  for (const entry of [...journal.entries()].reverse()) {
    try {
      const warnings = await undoEntry(entry, effects);
      await journal.remove(entry);
      log.info(`Undid what a former tunnel left: ${entry.effect} of ${entry.tun}`);
      for (const warning of warnings) log.warn(warning);
    } catch (error) {
      const remedy = error instanceof SystemFailure ? `. ${error.remedy}` : '';
      log.error(`Cannot undo ${entry.effect} of ${entry.tun}: ${(error as Error).message}${remedy}`);
    }
  }
  return journal.entries().length;
}

/** One entry of the journal; the tunnel manager undoes its own in the same way. */
export function undoEntry(entry: JournalEntry, effects: Effects): Promise<Warnings> {
  if (entry.effect === 'routes') return effects.routes.undo(entry);
  if (entry.effect === 'dns') return effects.dns.undo(entry);
  return effects.firewall.undo(entry);
}

/** Entries are flat: their text in key order is their identity. */
const same = (a: JournalEntry, b: JournalEntry): boolean => identity(a) === identity(b);
const identity = (entry: JournalEntry): string =>
  JSON.stringify(Object.entries(entry).sort(([a], [b]) => a.localeCompare(b)));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
