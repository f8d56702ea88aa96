/**
 * A bad link, as a process on the host between two others: UDP that comes to its port from one end goes on to the other
 * end, but for what is lost, doubled or overtaken on the way. Argument: JSON of BadLink. Prints `ready`. Loss by
 * nftables (world.ts) knows neither of the other two, and not every kernel has netem.
 */
import { createSocket } from 'node:dgram';
import { RandomSource } from './random-source.ts';

export interface BadLink {
  readonly port: number;
  readonly ends: readonly [string, string];
  /** Shares of the datagrams, 0 to 1. */
  readonly lost: number;
  readonly doubled: number;
  /** Sent after up to 20 later ones. */
  readonly overtaken: number;
  readonly seed: number;
}

const link = JSON.parse(process.argv[2] ?? '') as BadLink;
const random = new RandomSource(link.seed);
const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
const late: { readonly datagram: Uint8Array; readonly to: string; after: number }[] = [];

socket.on('message', (datagram, { address }) => {
  const to = address === link.ends[0] ? link.ends[1] : link.ends[0];
  const forward = (): void => socket.send(datagram, link.port, to);
  if (!random.chance(link.lost)) {
    if (random.chance(link.overtaken)) late.push({ datagram, to, after: 1 + random.below(20) });
    else forward();
    if (random.chance(link.doubled)) forward();
  }
  for (let at = late.length - 1; at >= 0; at--) {
    const one = late[at];
    if (!one || --one.after > 0) continue;
    socket.send(one.datagram, link.port, one.to);
    late.splice(at, 1);
  }
});
// What is held when the link falls silent must not be lost: nobody would ever repeat a last acknowledgement.
setInterval(() => {
  for (const { datagram, to } of late.splice(0)) socket.send(datagram, link.port, to);
}, 20);
socket.bind(link.port, () => process.stdout.write('ready\n'));
