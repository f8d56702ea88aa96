/** How errors on the way to a tunnel become the Failure that people read. */
import type { Failure } from '#core/failure/failure.ts';
import { SystemFailure } from '../effects/effects.ts';
import { faultMessage } from '../log/fault.ts';
import { messageOf } from '../log/log.ts';

/** Ends a tunnel's life with a cause. */
export class TunnelError extends Error {
  override readonly name = 'TunnelError';
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.cause);
    this.failure = failure;
  }
}

/** What to do about an error code of the system where a tunnel opens its adapter and sockets. */
const REMEDIES: Readonly<Record<string, string>> = {
  EPERM: 'start aditd as root, or give it the capability CAP_NET_ADMIN',
  EACCES: 'start aditd as root, or give it the capability CAP_NET_ADMIN',
  ENOENT: 'load the TUN driver (modprobe tun) so that /dev/net/tun exists',
  ENODEV: 'load the TUN driver (modprobe tun)',
  ENXIO: 'load the TUN driver (modprobe tun)',
  EADDRINUSE: 'set ike.localPort of the profile to 0, or stop the program that holds the port',
  EAFNOSUPPORT: 'enable this address family on the machine, or name a gateway of the other one',
  EBUSY: 'remove the adapter of that name (ip link delete), or stop what uses it',
};

const ELSE = 'see the log of aditd (adit log)';

export function systemFailure(what: string, error: unknown): Failure {
  if (error instanceof SystemFailure) {
    return { cause: 'system', what: error.what, detail: error.detail, remedy: error.remedy };
  }
  const { code } = error as NodeJS.ErrnoException;
  const remedy = (code === undefined ? undefined : REMEDIES[code]) ?? ELSE;
  return { cause: 'system', what, detail: messageOf(error), remedy };
}

/**
 * The cause that an error names; any other error is the system's refusal to set the tunnel up. That may be a matter of a moment once a
 * tunnel was up: endurance.ts says how often it may.
 */
export const failureOf = (error: unknown): Failure =>
  error instanceof TunnelError ? error.failure : systemFailure('The tunnel cannot be set up', error);

/** Where secrets are in hand: what an error of any kind may quote of them goes nowhere. */
export const faultFailure = (what: string, error: unknown): Failure => ({
  cause: 'system',
  what,
  detail: faultMessage(error),
  remedy: ELSE,
});

/** Runs one step that talks to the system; whatever it throws ends the tunnel as a `system` failure. */
export function systemStep<T>(what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof TunnelError) throw error;
    throw new TunnelError(systemFailure(what, error));
  }
}
