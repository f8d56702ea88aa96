/** Vendor IDs (RFC 7296 §3.12): ours go out as configured, the peer's are kept for quirks and for people. */
import { findAll } from '../payload-access.ts';
import type { Message, Payload } from '../payload-types.ts';
import type { Exchange, Task, Verdict } from './task.ts';

/** What a stranger may make us remember. */
const MAX_VENDOR_IDS = 32;

function tell({ sa }: Exchange, out: Payload[]): void {
  for (const data of sa.config.vendorIds) out.push({ kind: 'V', data });
}

function note({ sa }: Exchange, { payloads }: Message): Verdict {
  sa.peerVendorIds = findAll(payloads, 'V')
    .slice(0, MAX_VENDOR_IDS)
    .map(({ data }) => data.slice());
  return undefined;
}

export const vendorTask = (): Task => ({
  name: 'vendor',
  request: tell,
  onRequest: note,
  response: tell,
  onResponse: note,
});
