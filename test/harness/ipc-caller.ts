/**
 * A process that becomes another user and then calls the helper: `node ipc-caller.ts` with one JSON argument, a
 * CallerRequest; prints the answers as JSON. It changes its user after loading itself, so that the user needs no access to
 * the sources. Used by test/system/helper-ipc.test.ts.
 */
import { connect } from 'node:net';
import { FrameDecoder, encodeFrame } from '#core/ipc/frame.ts';
import { PROTOCOL } from '#core/ipc/protocol.ts';

export interface CallerRequest {
  readonly socket: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Sent after hello, one after another. */
  readonly calls: readonly { readonly method: string; readonly params?: unknown }[];
}

export interface CallerAnswer {
  readonly id: number | null;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** What the helper says without being asked stands between the answers. */
export interface CallerEvent {
  readonly id?: undefined;
  readonly method: 'event';
  readonly params: unknown;
}

const request = JSON.parse(process.argv[2] ?? '') as CallerRequest;
process.setgroups?.([...request.groups]);
process.setgid?.(request.gid);
process.setuid?.(request.uid);

const frames = [{ method: 'hello', params: { ...PROTOCOL } }, ...request.calls].map((call, id) =>
  encodeFrame({ jsonrpc: '2.0', id, ...call }),
);
const heard: (CallerAnswer | CallerEvent)[] = [];
const decoder = new FrameDecoder();
const socket = connect(request.socket);
const finish = (): void => {
  process.stdout.write(JSON.stringify(heard));
  process.exit(0);
};
socket.on('connect', () => frames.forEach((frame) => socket.write(frame)));
socket.on('data', (chunk: Buffer) => {
  heard.push(...(decoder.feed(chunk) as CallerAnswer[]));
  if (heard.filter(({ id }) => id !== undefined).length === frames.length) finish();
});
socket.on('error', finish);
socket.on('close', finish);
