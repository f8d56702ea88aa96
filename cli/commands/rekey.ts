/** `adit rekey PROFILE [--ike] [--child]`: returns when the SAs that were meant have successors. */
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { type Context, flag } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';
import { tunnelOf, tunnelUntil, within } from '../waiting.ts';

/** A gateway that is busy with the same is asked again a few times. */
const REKEYED_WITHIN_MS = 15_000;

const WHAT = ['child', 'ike'] as const;
type What = (typeof WHAT)[number];

/** The names of the SAs of one kind, as status shows them. */
const SPIS: Readonly<Record<What, (tunnel: TunnelStatus) => readonly string[]>> = {
  ike: ({ ike }) => (ike === null ? [] : [`${ike.spiI} ${ike.spiR}`]),
  child: ({ children }) => children.map(({ spiIn }) => spiIn),
};

export async function run(context: Context): Promise<number> {
  const asked = WHAT.filter((what) => flag(context, what));
  const client = await context.connect();
  const { id, name } = await findProfile(client, context.operands[0] ?? '');
  const statuses = client.statuses();
  let tunnel = tunnelOf(id, (await statuses.next()).value);
  // One after the other: an IKE SA is not rekeyed while its Child SAs are (RFC 7296 §2.25).
  for (const what of asked.length === 0 ? WHAT : asked) {
    const old = new Set(tunnel === undefined ? [] : SPIS[what](tunnel));
    await client.call('tunnel.rekey', { id, what });
    tunnel = await within(
      REKEYED_WITHIN_MS,
      tunnelUntil(statuses, id, ['connected'], (now) => isNew(SPIS[what](now), old)),
    );
    if (tunnel === undefined) {
      const kind = what === 'ike' ? 'IKE SA' : 'Child SA';
      throw new CliError(
        `The ${kind} of ${printable(name)} has no new keys after ${REKEYED_WITHIN_MS / 1000} seconds.`,
        'See adit log.',
      );
    }
  }
  if (context.json) context.printJson(tunnel);
  else context.print(`${printable(name)} has new keys.`);
  return EXIT.ok;
}

const isNew = (now: readonly string[], old: ReadonlySet<string>): boolean =>
  now.length > 0 && now.every((spi) => !old.has(spi));
