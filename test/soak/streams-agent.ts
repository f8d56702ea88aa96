/**
 * One end of the soak's traffic, as a process on a host of the lab. TCP connections live as long as the process: both ends
 * send records all the time, each followed by the SHA-256 of everything sent so far, and end the connection where it does
 * not fit. UDP datagrams carry a number and come back from the server with what it has heard before: where one is lost, that
 * tells on which way. streams.ts starts it and reads its lines.
 *
 *   server ADDRESS                         prints {"tcp":PORT,"udp":PORT}
 *   client ADDRESS TCP UDP CONNECTIONS     prints a StreamReport four times a second, and answers "probe" lines
 */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createConnection, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { LostDatagram } from './streams.ts';

const RECORD = 4096;
const HASH = 32;
const RECORD_MS = 50;
/**
 * Records that one end may be ahead of the other. What waits through a fault is little then: megabytes of it would come at once
 * afterwards, and a full socket buffer would lose datagrams that no switch has lost.
 */
const AHEAD = 4;
const DATAGRAM_MS = 5;
const REPORT_MS = 250;
/** A datagram that has not come back by then is lost. */
const LOST_AFTER_MS = 2000;
/** Numbers before its own of which an echo says whether the server has heard them, one bit each from octet 4 on. */
const REMEMBERED = 1536;

const counts = { bytesIn: 0, bytesOut: 0, corrupt: 0 };

/** Both directions of one connection; a hash that does not fit ends it. */
function converse(socket: Socket): void {
  socket.setNoDelay(true);
  const sent = createHash('sha256');
  const heard = createHash('sha256');
  let waiting: Buffer = Buffer.alloc(0);
  let ahead = 0;
  const timer = setInterval(() => {
    if (ahead >= AHEAD || socket.connecting) return;
    ahead++;
    const record = randomBytes(RECORD);
    sent.update(record);
    socket.write(Buffer.concat([record, sent.copy().digest()]));
    counts.bytesOut += RECORD;
  }, RECORD_MS);
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= RECORD + HASH) {
      heard.update(waiting.subarray(0, RECORD));
      const fits = heard
        .copy()
        .digest()
        .equals(waiting.subarray(RECORD, RECORD + HASH));
      waiting = waiting.subarray(RECORD + HASH);
      counts.bytesIn += RECORD;
      ahead--;
      if (fits) continue;
      counts.corrupt++;
      socket.destroy();
      return;
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => clearInterval(timer));
}

function serve(address: string): void {
  const server = createServer(converse);
  const echo = createSocket('udp4');
  const heard = new Set<number>();
  echo.on('message', (bytes, from) => {
    const number = bytes.readUInt32BE();
    heard.add(number);
    heard.delete(number - REMEMBERED - 100);
    for (let bit = 0; bit < REMEMBERED; bit++) {
      const octet = 4 + (bit >> 3);
      if (heard.has(number - 1 - bit)) bytes.writeUInt8(bytes.readUInt8(octet) | (1 << (bit & 7)), octet);
    }
    echo.send(bytes, from.port, from.address);
  });
  // Where no route leads back for a moment the echo is lost, which is what the client counts.
  echo.on('error', () => undefined);
  echo.bind(0, address, () => {
    server.listen(0, address, () => {
      const bound = server.address();
      const tcp = typeof bound === 'object' && bound !== null ? bound.port : 0;
      process.stdout.write(`${JSON.stringify({ tcp, udp: echo.address().port })}\n`);
    });
  });
}

function use(address: string, tcp: number, udp: number, connections: number): void {
  const ended: string[] = [];
  for (let at = 0; at < connections; at++) {
    const socket = createConnection({ host: address, port: tcp });
    let why = 'closed by the other end';
    socket.on('error', (error) => (why = error.message));
    socket.on('close', () => ended.push(why));
    converse(socket);
  }
  const under = new Map<number, { readonly at: number; arrived: boolean; overtakenAt?: number }>();
  let lost: LostDatagram[] = [];
  let [next, sent, back, late, lastEcho, gap] = [0, 0, 0, 0, 0, 0];
  let probes: { readonly id: string; readonly at: number }[] = [];
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.on('message', (bytes) => {
    const now = performance.now();
    const number = bytes.readUInt32BE();
    const known = under.get(number);
    if (known === undefined) {
      late++;
      return;
    }
    const { at } = known;
    under.delete(number);
    for (const [other, waiting] of under) {
      const bit = number - 1 - other;
      if (bit < 0) break;
      waiting.overtakenAt ??= now;
      if (bit >= REMEMBERED) continue;
      waiting.arrived ||= (bytes.readUInt8(4 + (bit >> 3)) & (1 << (bit & 7))) > 0;
    }
    back++;
    gap = Math.max(gap, lastEcho === 0 ? 0 : now - lastEcho);
    lastEcho = now;
    probes = probes.filter((probe) => {
      if (at < probe.at) return true;
      process.stdout.write(`${JSON.stringify({ probe: probe.id, ms: now - probe.at })}\n`);
      return false;
    });
  });
  setInterval(() => {
    const datagram = Buffer.alloc(200);
    datagram.writeUInt32BE(next);
    under.set(next++, { at: performance.now(), arrived: false });
    sent++;
    socket.send(datagram, udp, address, () => undefined);
  }, DATAGRAM_MS);
  setInterval(() => {
    const now = performance.now();
    for (const [number, { at, arrived, overtakenAt }] of under) {
      if (now - at < LOST_AFTER_MS) break;
      under.delete(number);
      lost.push({
        at: performance.timeOrigin + at,
        way: arrived ? 'back' : 'there',
        ...(overtakenAt === undefined ? {} : { overtakenAt: performance.timeOrigin + overtakenAt }),
      });
    }
    const report = { connections: connections - ended.length, ended, ...counts, sent, back, late, gap, lost };
    process.stdout.write(`${JSON.stringify(report)}\n`);
    lost = [];
  }, REPORT_MS);
  createInterface({ input: process.stdin }).on('line', (id) => probes.push({ id, at: performance.now() }));
}

const [role, address = '', ...numbers] = process.argv.slice(2);
const [tcp = 0, udp = 0, connections = 0] = numbers.map(Number);
if (role === 'server') serve(address);
else use(address, tcp, udp, connections);
