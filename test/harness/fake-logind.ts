/**
 * Stands in for logind on a private bus: takes its name, and sends PrepareForSleep for each line of stdin (`true` or
 * `false`). With `--stranger NAME` it has no name and sends to NAME alone, as any local user can.
 */
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';

const [bus = '', , to] = process.argv.slice(2);
const socket = createConnection(bus);
let serial = 0;

const pad = (octets: number[], to8: number): number[] => {
  while (octets.length % to8 !== 0) octets.push(0);
  return octets;
};
const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
const text = (value: string): number[] => [...u32(value.length), ...Buffer.from(value), 0];

/** A little-endian message: header fields by code, a body with its signature. */
function message(
  type: number,
  fields: [number, 's' | 'o', string][],
  signature: string,
  body: number[],
): Buffer {
  const octets = [0x6c, type, 0, 1, ...u32(body.length), ...u32(++serial), 0, 0, 0, 0];
  for (const [code, kind, value] of fields) {
    pad(octets, 8).push(code, 1, kind.charCodeAt(0), 0, ...text(value));
  }
  if (signature !== '') pad(octets, 8).push(8, 1, 0x67, 0, signature.length, ...Buffer.from(signature), 0);
  octets.splice(12, 4, ...u32(octets.length - 16));
  return Buffer.from([...pad(octets, 8), ...body]);
}

const call = (member: string, signature: string, body: number[]): Buffer =>
  message(
    1,
    [
      [1, 'o', '/org/freedesktop/DBus'],
      [2, 's', 'org.freedesktop.DBus'],
      [3, 's', member],
      [6, 's', 'org.freedesktop.DBus'],
    ],
    signature,
    body,
  );

socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.geteuid?.())).toString('hex')}\r\n`);
socket.once('data', () => {
  socket.write('BEGIN\r\n');
  socket.write(call('Hello', '', []));
  if (to === undefined) {
    const name = pad(text('org.freedesktop.login1'), 4);
    socket.write(call('RequestName', 'su', [...name, ...u32(0)]));
  }
  socket.once('data', () => process.stdout.write('ready\n'));
});
socket.on('close', () => process.exit(1));

for await (const line of createInterface({ input: process.stdin })) {
  const fields: [number, 's' | 'o', string][] = [
    [1, 'o', '/org/freedesktop/login1'],
    [2, 's', 'org.freedesktop.login1.Manager'],
    [3, 's', 'PrepareForSleep'],
  ];
  if (to !== undefined) fields.push([6, 's', to]);
  socket.write(message(4, fields, 'b', u32(line === 'true' ? 1 : 0)));
}
