/** `adit down [PROFILE]`: returns when what was up is down. */
import type { Status, TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';
import { within } from '../waiting.ts';

/** The helper says good-bye to a gateway that may not answer, then goes. */
const DOWN_WITHIN_MS = 15_000;

export async function run(context: Context): Promise<number> {
  const [given] = context.operands;
  const client = await context.connect();
  const id = given === undefined ? undefined : (await findProfile(client, given)).id;
  const isUp = ({ profile, state }: TunnelStatus): boolean =>
    state !== 'disconnected' && state !== 'failed' && (id === undefined || profile.id === id);
  const statuses = client.statuses();
  const wereUp = (await statuses.next()).value.tunnels.filter(isUp).map(({ profile }) => profile);
  await client.call('tunnel.down', id === undefined ? {} : { id });

  const names = wereUp.map(({ name }) => printable(name)).join(', ');
  const ids = wereUp.map((profile) => profile.id);
  if (!(await within(DOWN_WITHIN_MS, allDown(statuses, ids, isUp)))) {
    throw new CliError(`${names} is not down after ${DOWN_WITHIN_MS / 1000} seconds.`, 'See adit log.');
  }
  if (context.json) context.printJson({ down: wereUp });
  else context.print(names === '' ? 'Nothing was up.' : `Disconnected ${names}.`);
  return EXIT.ok;
}

/** Resolves when none of `ids` is up any more. */
async function allDown(
  statuses: AsyncGenerator<Status, never>,
  ids: readonly string[],
  isUp: (tunnel: TunnelStatus) => boolean,
): Promise<true> {
  const waiting = new Set(ids);
  while (waiting.size > 0) {
    const { tunnels } = (await statuses.next()).value;
    const up = new Set(tunnels.filter(isUp).map(({ profile }) => profile.id));
    for (const id of waiting) if (!up.has(id)) waiting.delete(id);
  }
  return true;
}
