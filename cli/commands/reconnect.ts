/** `adit reconnect PROFILE`: returns when a fresh connection has the place of the one that stood, or that was missing. */
import type { Status, TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';

/** A gateway that is silent is given up after some 20 s; the one after it needs time, too. */
const WITHIN_MS = 60_000;

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  const profile = await findProfile(client, context.operands[0] ?? '');
  const statuses = client.statuses();
  const ofThis = ({ tunnels }: Status): TunnelStatus | undefined =>
    tunnels.find((tunnel) => tunnel.profile.id === profile.id);
  const before = ofThis((await statuses.next()).value);
  await client.call('tunnel.reconnect', { id: profile.id });
  const late = new Promise<undefined>((resolve) => {
    setTimeout(resolve, WITHIN_MS, undefined).unref();
  });
  const after = await Promise.race([late, freshOne(statuses, ofThis, before?.ike?.spiI)]);
  if (after === undefined) {
    throw new CliError(
      `${printable(profile.name)} has no fresh connection after ${WITHIN_MS / 1000} seconds.`,
      'It goes on trying where it has none: see adit status.',
    );
  }
  if (context.json) context.printJson(after);
  else context.print(`${printable(profile.name)} has a fresh connection.`);
  return EXIT.ok;
}

/** Resolves with the first connection under another IKE SA; a tunnel that goes meanwhile is an error. */
async function freshOne(
  statuses: AsyncGenerator<Status, never>,
  ofThis: (status: Status) => TunnelStatus | undefined,
  old: string | undefined,
): Promise<TunnelStatus> {
  for (;;) {
    const tunnel = ofThis((await statuses.next()).value);
    if (tunnel?.state !== 'connected' && tunnel?.state !== 'reconnecting')
      throw new CliError('The tunnel went down meanwhile.', 'See adit status.');
    if (tunnel.state === 'connected' && tunnel.ike !== null && tunnel.ike.spiI !== old) return tunnel;
  }
}
