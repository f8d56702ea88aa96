/**
 * The helper's Unix socket: takes connections, asks the kernel who is there before a byte is read, and hands those
 * who may come in to a Session. Permission is by credentials alone; the socket file itself is open to all.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { ERROR_CODES } from '#core/ipc/contract.ts';
import { encodeFrame } from '#core/ipc/frame.ts';
import { messageOf } from '../log/log.ts';
import type { Clock } from '../clock.ts';
import { publicDirectory } from '../startup/directories.ts';
import { dismiss } from './dismiss.ts';
import { descriptorOf } from './peer.ts';
import type { Credentials, Grant } from './permissions.ts';
import { Session } from './session.ts';
import type { SessionDeps } from './session.ts';

const MOST_CONNECTIONS = 32;
/** One user's programs must leave room for the others and for root. */
const MOST_OF_ONE_USER = 16;

export interface ServerOptions extends SessionDeps {
  readonly path: string;
  /** SO_PEERCRED of a descriptor. */
  readonly peerCredentials: (descriptor: number) => Credentials;
  readonly grant: (credentials: Credentials) => Grant;
}

export interface IpcServer {
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/** The socket cannot be opened; the message says why and what to do. */
class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** Listens on `options.path`. Throws ServerError or DirectoryError. */
export async function startServer(options: ServerOptions): Promise<IpcServer> {
  const { path } = options;
  publicDirectory(dirname(path));
  await removeStale(path);
  const sessions = new Set<Session>();
  const server = createServer({ pauseOnConnect: true }, (socket) => admit(socket, sessions, options));
  await listen(server, path);
  chmodSync(path, 0o666);
  server.on('error', (error) => options.log.error(`the socket ${path}: ${messageOf(error)}`));
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      await closed;
      rmSync(path, { force: true });
    },
  };
}

function admit(socket: Socket, sessions: Set<Session>, options: ServerOptions): void {
  // A peer that goes away while we write is an ordinary end; `close` follows.
  socket.on('error', (error) => options.log.debug(`a client's connection: ${messageOf(error)}`));
  const credentials = credentialsOf(socket, options);
  if (!credentials) {
    socket.destroy();
    return;
  }
  const { uid } = credentials;
  const granted = options.grant(credentials);
  if ('refused' in granted) {
    options.log.warn(`uid ${uid} was refused`);
    turnAway(socket, ERROR_CODES.forbidden, granted.refused, options.clock);
    return;
  }
  const ofThisUser = [...sessions].filter((session) => session.uid === uid).length;
  if (sessions.size >= MOST_CONNECTIONS || (uid !== 0 && ofThisUser >= MOST_OF_ONE_USER)) {
    options.log.warn(
      `uid ${uid} was turned away: ${sessions.size} connections are open, ${ofThisUser} of them its own`,
    );
    turnAway(
      socket,
      ERROR_CODES.busy,
      'the helper has too many connections already; close some and try again',
      options.clock,
    );
    return;
  }
  const session = new Session(socket, { uid, permission: granted.permission }, options);
  sessions.add(session);
  socket.once('close', () => sessions.delete(session));
}

function credentialsOf(socket: Socket, options: ServerOptions): Credentials | undefined {
  const descriptor = descriptorOf(socket);
  if (descriptor === undefined) return undefined;
  try {
    return options.peerCredentials(descriptor);
  } catch (error) {
    options.log.error(`who connected cannot be told (${messageOf(error)}); the connection was closed`);
    return undefined;
  }
}

/** One sentence, without having looked at anything, then the end. */
function turnAway(socket: Socket, code: number, message: string, clock: Clock): void {
  dismiss(socket, encodeFrame({ jsonrpc: '2.0', id: null, error: { code, message } }), clock);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new ServerError(`cannot listen on ${path}: ${messageOf(error)}`)));
    server.listen(path, resolve);
  });
}

/** A socket whose helper is gone is removed; anything else in its place is refused. */
async function removeStale(path: string): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status) return;
  if (!status.isSocket()) {
    throw new ServerError(`${path} exists and is no socket; move it away or choose another --socket`);
  }
  if (await answers(path)) {
    throw new ServerError(`another helper listens on ${path}; stop it, or choose another --socket`);
  }
  rmSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
