/**
 * The one place that reaches into a Node socket for its descriptor: SO_PEERCRED needs the number, and Node has no
 * public name for it.
 */
import type { Socket } from 'node:net';

/** The descriptor of a connected socket; `undefined` once it is closed. */
export function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  const descriptor = handle?.fd;
  return descriptor === undefined || descriptor < 0 ? undefined : descriptor;
}
