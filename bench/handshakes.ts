/**
 * Handshakes a second of the pure engine: an initiator and a responder in memory, IKE_SA_INIT and IKE_AUTH with a
 * pre-shared key, both ends on one core. No socket, no clock: what the protocol itself costs.
 */
import { createConnection } from '#core/ikev2/connection.ts';
import type { Connection } from '#core/ikev2/connection-types.ts';
import { randomBytes } from 'node:crypto';
import { ike, initiatorConfig, esp, pathTo, responderConfig } from '#test/harness/ikev2-pair.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';
import { median, type Row } from './report.ts';

const SUITES = [
  'aes256gcm16-prfsha384-ecp256',
  'aes128-sha256-curve25519',
  'aes256-sha256-modp2048',
] as const;
const BATCHES = 5;
const PER_BATCH = 20;

/** Hands everything that `from` sends to `to`; whether there was anything. */
function deliver(from: Connection, to: Connection): boolean {
  let any = false;
  for (let datagram = from.pollTransmit(0); datagram; datagram = from.pollTransmit(0)) {
    const { local, remote } = datagram.path;
    to.handleDatagram(0, datagram.bytes, { local: remote, remote: local });
    any = true;
  }
  return any;
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

function handshake(suite: string): void {
  const proposals = ike(suite);
  const child = { proposals: esp('aes128gcm16') };
  const seeded = seededRandom(1);
  const initiator = createConnection({ ...initiatorConfig(seeded, { proposals, child }), random });
  const responder = createConnection({ ...responderConfig(seeded, { proposals, child }), random });
  initiator.initiate(0, pathTo(500));
  while (deliver(initiator, responder) || deliver(responder, initiator)) {
    // until both are silent
  }
  if (initiator.state !== 'established' || responder.state !== 'established') {
    throw new Error(`${suite}: the handshake ended in ${initiator.state} and ${responder.state}`);
  }
}

export function handshakes(): Row[] {
  return SUITES.map((suite) => {
    handshake(suite); // the first one compiles
    const perSecond = Array.from({ length: BATCHES }, () => {
      const began = performance.now();
      for (let i = 0; i < PER_BATCH; i++) handshake(suite);
      return (PER_BATCH * 1000) / (performance.now() - began);
    });
    return { subject: `handshakes of the engine, ${suite}`, unit: '/s', adit: median(perSecond) };
  });
}
