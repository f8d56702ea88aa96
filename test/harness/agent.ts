/**
 * Runs on a host of the lab and does there what a program of the user would do: serve a file, fetch it, send one,
 * answer and send datagrams. traffic.ts asks, by line-calls.ts. Ends when stdin closes.
 */
import { createHash, randomFillSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { serveCalls } from './line-calls.ts';
import type { AgentCall, AgentRequest } from './traffic.ts';

/** `bytes` random octets in pieces; `seen` is told every piece. */
function randomFile(bytes: number, seen: (piece: Uint8Array) => void): Readable {
  let left = bytes;
  return new Readable({
    read() {
      if (left === 0) {
        this.push(null);
        return;
      }
      const piece = randomFillSync(Buffer.allocUnsafe(Math.min(left, 65_536)));
      left -= piece.length;
      seen(piece);
      this.push(piece);
    },
  });
}

/** GET /N answers N random octets, their SHA-256 in a trailer; POST answers the SHA-256 of what came. */
function serve(address: string, port: number): Promise<{ port: number }> {
  const server = createServer((request, response) => {
    const hash = createHash('sha256');
    if (request.method === 'POST') {
      request.on('data', (piece: Buffer) => hash.update(piece));
      request.on('end', () => response.end(hash.digest('hex')));
      return;
    }
    const bytes = Number((request.url ?? '/').slice(1));
    response.writeHead(200, { Trailer: 'x-sha256', 'Transfer-Encoding': 'chunked' });
    const file = randomFile(bytes, (piece) => hash.update(piece));
    file.on('end', () => response.addTrailers({ 'x-sha256': hash.digest('hex') }));
    file.pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, address, () => {
      const bound = server.address();
      resolve({ port: typeof bound === 'object' && bound !== null ? bound.port : port });
    });
  });
}

async function download(url: string, timeoutMs: number) {
  const started = performance.now();
  const request = httpRequest(url, { signal: AbortSignal.timeout(timeoutMs), agent: false });
  request.end();
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
  }
  return {
    bytes,
    ms: performance.now() - started,
    sha256: hash.digest('hex'),
    expected: String(response.trailers['x-sha256']),
  };
}

async function upload(url: string, bytes: number, timeoutMs: number) {
  const started = performance.now();
  const request = httpRequest(url, { method: 'POST', signal: AbortSignal.timeout(timeoutMs), agent: false });
  const answered = new Promise<string>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => resolve(text));
    });
  });
  const hash = createHash('sha256');
  await Promise.all([
    answered,
    pipeline(
      randomFile(bytes, (piece) => hash.update(piece)),
      request,
    ),
  ]);
  return {
    bytes,
    ms: performance.now() - started,
    sha256: await answered,
    expected: hash.digest('hex'),
  };
}

/** Sends one datagram, from any address that the host has, and, with `waitMs` above 0, waits so long for an answer. */
function datagram(call: AgentCall<'datagram'>): Promise<{ answer: string | null }> {
  const socket = createSocket(call.address.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (answer: string | null) => {
      clearTimeout(timer);
      socket.close();
      resolve({ answer });
    };
    socket.on('error', reject);
    socket.once('message', (bytes) => finish(bytes.toString('base64')));
    socket.bind(call.sourcePort ?? 0, call.sourceAddress, () => {
      socket.send(Buffer.from(call.base64, 'base64'), call.port, call.address, () => {
        if (call.waitMs > 0) timer = setTimeout(finish, call.waitMs, null);
        else finish(null);
      });
    });
  });
}

const HANDLERS: { [D in AgentRequest['do']]: (call: AgentCall<D>) => Promise<unknown> } = {
  serve: (call) => serve(call.address, call.port),
  download: (call) => download(call.url, call.timeoutMs),
  upload: (call) => upload(call.url, call.bytes, call.timeoutMs),
  datagram,
};

function handle<D extends AgentRequest['do']>(call: AgentCall<D> & { do: D }): Promise<unknown> {
  return HANDLERS[call.do](call);
}

await serveCalls((call: AgentRequest) => handle<AgentRequest['do']>(call), { atOnce: true });
process.exit(0);
