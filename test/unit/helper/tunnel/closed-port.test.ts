/** Asking a machine whether anybody listens at a port. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isPortClosed } from '#helper/tunnel/closed-port.ts';

describe('isPortClosed', () => {
  it('hears from the machine that nobody listens', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const patience = new AbortController();
    const open = isPortClosed('127.0.0.1', port, patience.signal);
    await once(socket, 'message');
    patience.abort();
    expect(await open).toBe(false);
    socket.close();
    await once(socket, 'close');
    expect(await isPortClosed('127.0.0.1', port, new AbortController().signal)).toBe(true);
  });

  it('has nothing to say about an address that cannot be asked, or when nobody waits any more', async () => {
    expect(await isPortClosed('255.255.255.255', 500, new AbortController().signal)).toBe(false);
    expect(await isPortClosed('127.0.0.1', 9, AbortSignal.abort())).toBe(false);
  });
});
