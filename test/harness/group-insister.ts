/**
 * A gateway that wants one key exchange and no other: answers every IKE_SA_INIT with INVALID_KE_PAYLOAD (RFC 7296 §1.3).
 * No strongSwan asks for a group that the client did not offer. `node group-insister.ts PORT GROUP` prints `ready`.
 */
import { createSocket } from 'node:dgram';

const [port, group] = process.argv.slice(2).map(Number) as [number, number];
const HEADER_BYTES = 28;
const NOTIFY_BYTES = 10;

/** Before IKE on any port but 500 (RFC 7296 §2.23). */
const MARKER = Buffer.alloc(4);

const socket = createSocket('udp4');
socket.on('message', (datagram, { address, port: from }) => {
  const marked = datagram.subarray(0, MARKER.length).equals(MARKER);
  const request = marked ? datagram.subarray(MARKER.length) : datagram;
  if (request.length < HEADER_BYTES) return;
  const answer = Buffer.alloc(HEADER_BYTES + NOTIFY_BYTES);
  request.copy(answer, 0, 0, 8); // SPIi
  answer.set([41, 0x20, 34, 0x20], 16); // Notify, IKEv2, IKE_SA_INIT, response
  answer.writeUInt32BE(answer.length, 24);
  answer.writeUInt16BE(NOTIFY_BYTES, HEADER_BYTES + 2);
  answer.writeUInt16BE(17, HEADER_BYTES + 6); // INVALID_KE_PAYLOAD
  answer.writeUInt16BE(group, HEADER_BYTES + 8);
  socket.send(marked ? [MARKER, answer] : [answer], from, address);
});
socket.bind(port, () => process.stdout.write('ready\n'));
