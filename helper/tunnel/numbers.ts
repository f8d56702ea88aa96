/**
 * The numbers by which the system tells our traffic and our routes from others. One mark for all tunnels: the
 * outer packets of each pass beside the routes of every one, so that no tunnel travels inside another by accident.
 * The priorities of a tunnel's rules depend on what it carries: effects/routes/plan.ts.
 */

/** SO_MARK of every IKE and ESP socket. */
export const MARK = 0xad17;

const FIRST_TABLE = 0xad17;

/** Routing table of the tunnel in `slot` 0, 1, 2 …; no two tunnels share one at a time. */
export function tableOf(slot: number): number {
  return FIRST_TABLE + slot;
}

/** Tables there may be: one a slot. */
const TABLES = 1000;

export const isTunnelTable = (table: number): boolean => table >= FIRST_TABLE && table < FIRST_TABLE + TABLES;

/** Adapters are opened as `adit%d`. */
export const isTunnelAdapter = (name: string): boolean => /^adit\d{1,4}$/.test(name);
