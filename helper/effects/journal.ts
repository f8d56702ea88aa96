/**
 * What the helper changed on this system and has not yet undone. Written before the change is made, so that a
 * helper killed at any point finds at its next start what it must undo. Entries are data of known shapes, never
 * commands. One JSON file, 0600, written by rename.
 */
import { z } from 'zod';

const tunName = z.string().regex(/^adit\d{1,4}$/);
const table = z.int().min(1).max(0xffffffff);

export const journalEntrySchema = z.discriminatedUnion('effect', [
  /** Rules and routes of a tunnel: `ip rule … lookup table`, both families. */
  z.strictObject({ effect: z.literal('routes'), tun: tunName, table, mark: z.int(), priority: z.int() }),
  z.strictObject({
    effect: z.literal('dns'),
    tun: tunName,
    backend: z.enum(['resolved', 'resolvconf', 'resolv.conf']),
  }),
  z.strictObject({
    effect: z.literal('firewall'),
    tun: tunName,
    table: z.string().regex(/^adit_adit\d{1,4}$/),
  }),
]);
export type JournalEntry = z.infer<typeof journalEntrySchema>;

export interface Journal {
  /** Durable when it returns (fsync, rename). */
  add(entry: JournalEntry): Promise<void>;
  remove(entry: JournalEntry): Promise<void>;
  entries(): readonly JournalEntry[];
}
