/** An IKE_SA_INIT request written by hand (RFC 7296 §1.2), to leave a responder with one half-open IKE SA. */
import { createECDH, randomBytes } from 'node:crypto';
import type { Traffic } from '#test/harness/traffic.ts';

const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);

function payload(next: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([next, 0]), u16(4 + body.length), body]);
}

/** Proposal 1, IKE: AES-GCM-16 with 256 bits, PRF_HMAC_SHA2_384, group 20. */
const PROPOSAL = Buffer.from(
  '00000024010100030300000c01000014800e010003000008020000060000000804000014',
  'hex',
);

/** Sends it to port 500 of `address`; throws when no answer comes. */
export async function openHalf(from: Traffic, address: string): Promise<void> {
  const point = createECDH('secp384r1').generateKeys().subarray(1);
  const body = Buffer.concat([
    payload(34, PROPOSAL),
    payload(40, u16(20), u16(0), point),
    payload(0, randomBytes(32)),
  ]);
  const header = Buffer.alloc(28);
  randomBytes(8).copy(header);
  header.set([33, 0x20, 34, 0x08], 16);
  header.writeUInt32BE(28 + body.length, 24);
  const answer = await from.datagram({ address, port: 500 }, Buffer.concat([header, body]), {
    waitMs: 2_000,
  });
  if (answer === undefined) throw new Error(`${address} does not answer IKE_SA_INIT`);
}
