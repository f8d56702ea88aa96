/**
 * Runs on a host of the lab beside a RADIUS server: authenticates once for each case it reads from stdin (JSON) and writes
 * what came of it to stdout. test/interop/eap-freeradius.test.ts starts it.
 */
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { EMPTY, toHex } from '#core/bytes/bytes.ts';
import { createEapPeer, type EapPeerSettings } from '#core/eap/create-peer.ts';
import type { EapPeerOutput } from '#core/eap/peer.ts';
import { IDENTITY_REQUEST } from '#core/eap/methods/ttls-peer.ts';
import { EapTls } from '#helper/tls/eap-tls.ts';
import type { TlsTunnelOptions } from '#helper/tls/tls-tunnel.ts';
import { expectServerName } from './tls-names.ts';
import { RadiusClient } from './radius-client.ts';

export interface EapRadiusCase {
  readonly peer: Omit<EapPeerSettings, 'random'>;
  readonly tls: Omit<TlsTunnelOptions, 'verifyPeer'> & { readonly serverName: string };
  /** Answers to questions for a password, in their order. */
  readonly passwords?: readonly string[];
}

export interface EapRadiusResult {
  readonly radius: 'accept' | 'reject' | 'challenge' | 'none';
  readonly eap: EapPeerOutput;
  /** Ours and the server's, in hexadecimal digits; empty for none. */
  readonly msk: string;
  readonly serverMsk: string;
  readonly roundTrips: number;
}

export interface EapRadiusInput {
  readonly port: number;
  readonly secret: string;
  readonly cases: readonly EapRadiusCase[];
}

async function authenticate({ port, secret }: EapRadiusInput, one: EapRadiusCase): Promise<EapRadiusResult> {
  await using radius = new RadiusClient(port, secret);
  using tls = new EapTls({ ...one.tls, verifyPeer: expectServerName(one.tls.serverName) });
  const peer = createEapPeer({ ...one.peer, random: (length) => Uint8Array.from(randomBytes(length)) });
  const passwords = [...(one.passwords ?? [])];
  let eap = peer.receive(IDENTITY_REQUEST);
  let last: Awaited<ReturnType<RadiusClient['ask']>> | undefined;
  let roundTrips = 0;
  for (;;) {
    if (eap.kind === 'ask') {
      const { question } = eap;
      const password = passwords[0];
      if (question.kind === 'tls') eap = peer.answer(await tls.answer(question.request));
      else if (password === undefined) eap = peer.answer({ kind: 'none' });
      else eap = peer.answer({ kind: 'password', password: passwords.shift() ?? '' });
    } else if (eap.kind === 'send') {
      last = await radius.ask(one.peer.anonymous ?? one.peer.user, eap.packet);
      roundTrips++;
      eap = peer.receive(last.eap);
    } else {
      const msk = eap.kind === 'finished' ? (eap.keys.msk ?? EMPTY) : EMPTY;
      const serverMsk = toHex(last?.msk ?? EMPTY);
      return { radius: last?.code ?? 'none', eap, msk: toHex(msk), serverMsk, roundTrips };
    }
  }
}

const input = JSON.parse(await text(process.stdin)) as EapRadiusInput;
const results: EapRadiusResult[] = [];
for (const one of input.cases) results.push(await authenticate(input, one));
process.stdout.write(JSON.stringify(results));
