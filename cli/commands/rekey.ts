/** `adit rekey PROFILE [--ike] [--child]`: returns when the SAs that were meant have successors. */
import type { Status, TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { type Context, flag } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';

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
  const profile = await findProfile(client, context.operands[0] ?? '');
  const statuses = client.statuses();
  const ofThis = ({ tunnels }: Status): TunnelStatus | undefined =>
    tunnels.find((tunnel) => tunnel.profile.id === profile.id);
  const before = ofThis((await statuses.next()).value);
  const cancelled = new Promise<undefined>((resolve) => {
    setTimeout(resolve, REKEYED_WITHIN_MS, undefined).unref();
  });
  let after: TunnelStatus | undefined;
  // One after the other: an IKE SA is not rekeyed while its Child SAs are (RFC 7296 §2.25).
  for (const what of asked.length === 0 ? WHAT : asked) {
    const old = new Set(before === undefined ? [] : SPIS[what](before));
    await client.call('tunnel.rekey', { id: profile.id, what });
    after = await Promise.race([
      cancelled,
      renewed(statuses, ofThis, (tunnel) => isNew(SPIS[what](tunnel), old)),
    ]);
    if (after === undefined) {
      const name = what === 'ike' ? 'IKE SA' : 'Child SA';
      throw new CliError(
        `The ${name} of ${printable(profile.name)} has no new keys after ${REKEYED_WITHIN_MS / 1000} seconds.`,
        'See adit log.',
      );
    }
  }
  if (context.json) context.printJson(after);
  else context.print(`${printable(profile.name)} has new keys.`);
  return EXIT.ok;
}

const isNew = (now: readonly string[], old: ReadonlySet<string>): boolean =>
  now.length > 0 && now.every((spi) => !old.has(spi));

/** Resolves with the status that shows it; a tunnel that goes meanwhile is an error. */
async function renewed(
  statuses: AsyncGenerator<Status, never>,
  ofThis: (status: Status) => TunnelStatus | undefined,
  done: (tunnel: TunnelStatus) => boolean,
): Promise<TunnelStatus> {
  for (;;) {
    const tunnel = ofThis((await statuses.next()).value);
    if (tunnel?.state !== 'connected')
      throw new CliError('The tunnel went down meanwhile.', 'See adit status.');
    if (done(tunnel)) return tunnel;
  }
}
