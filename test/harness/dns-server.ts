/**
 * A name server for the lab: answers every A query with one address, everything else with nothing, and prints the
 * name of each query. `node dns-server.ts ADDRESS ANSWER`. Started by name-service.ts.
 */
import { createSocket } from 'node:dgram';

const [address = '', answer = ''] = process.argv.slice(2);
const HEADER = 12;
const A = 1;

const socket = createSocket('udp4');
socket.on('message', (query, from) => {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = query.subarray(HEADER, at + 5);
  const isA = query.readUInt16BE(at + 1) === A;
  const header = Buffer.from(query.subarray(0, HEADER));
  header.writeUInt16BE(0x8180, 2);
  for (const [offset, count] of [1, isA ? 1 : 0, 0, 0].entries()) header.writeUInt16BE(count, 4 + 2 * offset);
  // A pointer to the question's name; class IN, a lifetime of 0 seconds, four octets.
  const record = Buffer.from([0xc0, HEADER, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, ...answer.split('.').map(Number)]);
  socket.send(Buffer.concat([header, question, ...(isA ? [record] : [])]), from.port, from.address);
  console.log(`asked ${labels.join('.')}`);
});
socket.bind(53, address, () => console.log('ready'));
