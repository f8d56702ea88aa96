/**
 * Whether a machine says that nobody listens at a UDP port (ICMP port unreachable). Asked for the words alone, after a
 * gateway did not answer: the data plane's own sockets are not connected, so the kernel does not tell them. negotiate.ts asks.
 */
import { createSocket } from 'node:dgram';

/** Resolves with `false` also where nothing can be found out, at the latest when `signal` aborts. */
export type PortProbe = (address: string, port: number, signal: AbortSignal) => Promise<boolean>;

/** NAT keepalive (RFC 3948 §2.3): whoever does listen drops it. */
const KEEPALIVE = Uint8Array.of(0xff);

export const isPortClosed: PortProbe = async (address, port, signal) => {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const closed = Promise.withResolvers<boolean>();
  const giveUp = (): void => closed.resolve(false);
  socket.on('error', ({ code }: NodeJS.ErrnoException) => closed.resolve(code === 'ECONNREFUSED'));
  socket.once('connect', () => socket.send(KEEPALIVE));
  socket.connect(port, address);
  signal.addEventListener('abort', giveUp);
  try {
    return signal.aborted ? false : await closed.promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
    socket.close();
  }
};
