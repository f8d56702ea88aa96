/** Short ways to write an EAP conversation in a test. */
import { fromHex, utf8 } from '#core/bytes/bytes.ts';
import { decodeEap, type EapMessage, encodeEap } from '#core/eap/packet.ts';
import type { EapPeer, EapPeerOutput } from '#core/eap/peer.ts';

export const SUCCESS: Uint8Array = fromHex('03000004');
export const FAILURE: Uint8Array = fromHex('04000004');

export const request = (identifier: number, type: number, data: Uint8Array | string = ''): Uint8Array =>
  encodeEap({
    code: 'request',
    identifier,
    vendor: 0,
    type,
    expanded: false,
    data: typeof data === 'string' ? utf8(data) : data,
  });

/** The response in `output`, or an error that shows what came instead. */
export function responseIn(output: EapPeerOutput): EapMessage {
  if (output.kind !== 'send') throw new Error(`no response: ${JSON.stringify(output)}`);
  const packet = decodeEap(output.packet);
  if (!('data' in packet)) throw new Error('no response');
  return packet;
}

/** Feeds requests and answers none of the peer's questions; returns the last output. */
export function feed(peer: EapPeer, ...packets: readonly Uint8Array[]): EapPeerOutput {
  let last: EapPeerOutput = { kind: 'ignored', reason: 'nothing was fed' };
  for (const packet of packets) last = peer.receive(packet);
  return last;
}
