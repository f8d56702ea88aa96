/**
 * SIGNATURE_HASH_ALGORITHMS in IKE_SA_INIT (RFC 7427 §4): each end says which hashes it takes in signatures. Without it
 * the other end is left with the AUTH methods of old.
 */
import { DecodeError } from '#core/bytes/reader.ts';
import { ANNOUNCED_HASHES, decodeHashAlgorithms, encodeHashAlgorithms } from '#core/pki/auth-choice.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { findNotify, notify } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const { SIGNATURE_HASH_ALGORITHMS } = NotifyType;

function tell(_exchange: Exchange, out: Payload[]): void {
  out.push(notify(SIGNATURE_HASH_ALGORITHMS, encodeHashAlgorithms(ANNOUNCED_HASHES)));
}

function note({ sa }: Exchange, { payloads }: Message): Verdict {
  const said = findNotify(payloads, SIGNATURE_HASH_ALGORITHMS);
  if (said === undefined) return undefined;
  try {
    sa.peerHashes = decodeHashAlgorithms(said.data);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { ruling: 'drop', counter: 'malformed' };
  }
  return undefined;
}

export const signatureHashesTask = (): Task => ({
  name: 'signature-hashes',
  request: tell,
  onRequest: note,
  response: tell,
  onResponse: note,
});
