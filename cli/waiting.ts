/** Waiting for what a call brings about, in the statuses that follow it: for commands that return when it is there. */
import type { Status, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { CliError } from './errors.ts';

export const tunnelOf = (id: string, { tunnels }: Status): TunnelStatus | undefined =>
  tunnels.find(({ profile }) => profile.id === id);

/** The first status of the tunnel that is `done`. Throws CliError where it leaves the `states` in which that may come. */
export async function tunnelUntil(
  statuses: AsyncGenerator<Status, never>,
  id: string,
  states: readonly TunnelState[],
  done: (tunnel: TunnelStatus) => boolean,
): Promise<TunnelStatus> {
  for (;;) {
    const tunnel = tunnelOf(id, (await statuses.next()).value);
    if (tunnel === undefined || !states.includes(tunnel.state))
      throw new CliError('The tunnel went down meanwhile.', 'See adit status.');
    if (done(tunnel)) return tunnel;
  }
}

/** What `promise` becomes, or undefined after `ms` milliseconds. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
