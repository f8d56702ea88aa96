/**
 * The end of a connection that is refused, such that its last frame arrives. A socket that is closed over unread octets
 * takes with it what the peer has not read yet; so what still comes is read and thrown away until the peer has closed, for a
 * bounded time and a bounded number of connections.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

const LINGER_MS = 1000;
const MOST_LINGERING = 32;

let lingering = 0;

export function dismiss(socket: Socket, lastFrame: Uint8Array, clock: Clock): void {
  if (lingering >= MOST_LINGERING) {
    socket.write(lastFrame);
    socket.destroySoon();
    return;
  }
  lingering++;
  const cancel = clock.setTimer(clock.now() + LINGER_MS, () => socket.destroy());
  socket.once('close', () => {
    lingering--;
    cancel();
  });
  socket.removeAllListeners('data');
  socket.end(lastFrame);
  socket.resume();
}
