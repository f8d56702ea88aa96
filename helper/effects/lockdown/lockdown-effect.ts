/**
 * Lockdown as the system is asked for it: nothing leaves but what tunnels carry. linux.ts does it, fake.ts stands in;
 * helper/lockdown/ says when.
 */
import type { SocketAddress } from '#core/net/address.ts';

export interface LockdownSettings {
  /** Private addresses of the local network stay within reach. */
  readonly lan: boolean;
  /** What tunnels' own sockets put on their packets. It opens nothing by itself. */
  readonly mark: number;
  /** Where marked packets may go: IKE and ESP in UDP to this address and port, ESP to this address. */
  readonly gateways: readonly SocketAddress[];
  /** The adapters of tunnels. */
  readonly adapters: readonly string[];
}

export interface LockdownEffect {
  /** In one piece: where it is refused, what was in force stays so. Throws SystemFailure. */
  apply(settings: LockdownSettings): Promise<void>;
  /** What the machine's start puts in force, before there is a network and a helper. Throws the system's error. */
  atStart(settings: LockdownSettings | undefined): void;
  /**
   * Everything may leave again. `wasOn`: it was put in force, or may have been; without that, nothing need be there, nor anything to
   * take it away with. Throws SystemFailure.
   */
  undo(wasOn: boolean): Promise<void>;
}
