/** Generators for key exchange tests. */
import { createHash } from 'node:crypto';
import { fromHex, type RandomBytes } from '#core/bytes/bytes.ts';

/** Returns exactly these octets, once each, and fails when asked for another length. */
export function fixedRandom(...hex: readonly string[]): RandomBytes {
  const queue = [...hex];
  return (length) => {
    const next = fromHex(queue.shift() ?? '');
    if (next.length !== length) throw new Error(`asked for ${length} octets, have ${next.length}`);
    return next;
  };
}

/** Octets that look random and are the same in every run. */
export function seededRandom(seed: string): RandomBytes {
  let count = 0;
  return (length) =>
    new Uint8Array(createHash('shake256', { outputLength: length }).update(`${seed}/${count++}`).digest());
}
