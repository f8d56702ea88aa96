/** `adit reconnect PROFILE`: returns when a fresh connection has the place of the one that stood, or that was missing. */
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';
import { tunnelOf, tunnelUntil, within } from '../waiting.ts';

/** A gateway that is silent is given up after some 20 s; the one after it needs time, too. */
const WITHIN_MS = 60_000;

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  const { id, name } = await findProfile(client, context.operands[0] ?? '');
  const statuses = client.statuses();
  const old = tunnelOf(id, (await statuses.next()).value)?.ike?.spiI;
  await client.call('tunnel.reconnect', { id });
  const isFresh = ({ state, ike }: TunnelStatus): boolean =>
    state === 'connected' && ike !== null && ike.spiI !== old;
  const after = await within(WITHIN_MS, tunnelUntil(statuses, id, ['connected', 'reconnecting'], isFresh));
  if (after === undefined) {
    throw new CliError(
      `${printable(name)} has no fresh connection after ${WITHIN_MS / 1000} seconds.`,
      'It goes on trying where it has none: see adit status.',
    );
  }
  if (context.json) context.printJson(after);
  else context.print(`${printable(name)} has a fresh connection.`);
  return EXIT.ok;
}
