/**
 * Programs of an ordinary user that never stop talking: to the gateway's own ports, name servers, neighbours and strangers, in
 * both families, over UDP and TCP. What they say has a word in it that is found in any capture. Run by leaks.ts on the
 * client, as `chatter.ts PROTOCOL ADDRESS PORT …`; it stops being root after loading itself.
 */
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';

const WORD = 'heard by everybody';
const EVERY_MS = 20;
/** `nobody` on Debian. */
const NOBODY = 65534;

process.setgroups?.([]);
process.setgid?.(NOBODY);
process.setuid?.(NOBODY);

const ends = process.argv.slice(2);
for (let at = 0; at + 2 < ends.length; at += 3) {
  const [protocol, address = '', port = ''] = ends.slice(at, at + 3);
  const say = protocol === 'udp' ? datagrams(address, Number(port)) : connections(address, Number(port));
  setInterval(say, EVERY_MS);
}
process.stdout.write('talking\n');

function datagrams(address: string, port: number): () => void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  // What is refused is what the test is about.
  socket.on('error', () => undefined);
  return () => socket.send(WORD, port, address, () => undefined);
}

/** Each attempt is ended before the next, or the kernel would send fewer and fewer. */
function connections(host: string, port: number): () => void {
  let last: Socket | undefined;
  return () => {
    last?.destroy();
    last = connect({ host, port });
    last.on('error', () => undefined);
  };
}
