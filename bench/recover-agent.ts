/**
 * One end of the traffic of recover.ts, as a process on a host of the lab. Times are milliseconds of CLOCK_MONOTONIC, which is
 * the same in every process of a machine.
 *
 *   server ADDRESS PORT    sends back what comes
 *   client ADDRESS PORT MS sends a datagram every MS milliseconds, and prints "SENT BACK" for each that comes back
 */
import { createSocket } from 'node:dgram';

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

function serve(address: string, port: number): void {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address, () => undefined));
  socket.on('error', () => undefined);
  socket.bind(port, address);
}

/** Without a route or an answer there is an error, and nothing is lost by it. */
function use(address: string, port: number, everyMs: number): void {
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => process.stdout.write(`${bytes.readDoubleBE()} ${now()}\n`));
  socket.on('error', () => undefined);
  setInterval(() => {
    const bytes = Buffer.alloc(64);
    bytes.writeDoubleBE(now());
    socket.send(bytes, port, address, () => undefined);
  }, everyMs);
}

const [role, address = '', port = 0, everyMs = 0] = process.argv.slice(2);
if (role === 'server') serve(address, Number(port));
else use(address, Number(port), Number(everyMs));
