/**
 * Soft limits: when to begin rekeying so that the successor is there before the hard limit (RFC 7296 §2.8, RFC 4301 §4.4.2.1), and
 * how long to wait after a refusal (§2.25). Pure arithmetic on the policy and the random source of a connection.
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import type { ChildConfig, ConnectionConfig, RekeyPolicy, Usage } from './connection-types.ts';

/** Rekeying begins when 80 to 90 % of a limit are used. */
export const REKEY_DEFAULTS: RekeyPolicy = { margin: 0.1, jitter: 0.1, retryMs: 1_000, maxRetryMs: 60_000 };

/** 32-bit sequence numbers end there (RFC 4303 §3.3.3). */
const LAST_SEQUENCE_NUMBER = 0xffff_ffffn;

/** Evenly distributed over 0 to 1. */
function unit(random: RandomBytes): number {
  const octets = random(4);
  return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0) / 2 ** 32;
}

/** The share of a limit at which rekeying begins; `undefined` where we never begin. */
function softShare({ rekey = REKEY_DEFAULTS, random }: ConnectionConfig): number | undefined {
  return rekey === 'never' ? undefined : 1 - rekey.margin - rekey.jitter * unit(random);
}

interface Deadlines {
  readonly rekeyAt?: number;
  readonly expiresAt?: number;
}

/** Soft and hard end of an SA that begins now. */
export function deadlines(config: ConnectionConfig, now: number, lifetimeSec: number | undefined): Deadlines {
  if (lifetimeSec === undefined) return {};
  const share = softShare(config);
  const rekeyAt = share === undefined ? {} : { rekeyAt: now + Math.round(lifetimeSec * 1000 * share) };
  return { ...rekeyAt, expiresAt: now + lifetimeSec * 1000 };
}

/** A login takes time, a person's most of all: so much is left for it, where the gateway leaves that much. */
const LOGIN_MS = { share: 0.1, min: 10_000, max: 600_000 } as const;
/** A gateway that wants it more often gets it this often: logging in without a pause is no tunnel. */
const SHORTEST_MS = 30_000;

/** When to authenticate again where the authentication of now is good for so long (RFC 4478). */
export function reauthenticateAt({ random }: ConnectionConfig, now: number, lifetimeSec: number): number {
  const lifetimeMs = lifetimeSec * 1000;
  const { share, min, max } = LOGIN_MS;
  const margin = Math.min(max, Math.max(min, lifetimeMs * share));
  // Up to twice as early, so that the clients of a gateway do not come all at once.
  return now + Math.max(SHORTEST_MS, Math.round(lifetimeMs - margin * (1 + unit(random))));
}

/** What a Child SA may carry before rekeying begins, in either direction. */
export function softUsage(
  config: ConnectionConfig,
  { hardLimit }: ChildConfig,
  esn: boolean,
): Partial<Usage> {
  const share = softShare(config);
  if (share === undefined) return {};
  const part = (limit: bigint): bigint => (limit * BigInt(Math.round(share * 1e6))) / 1_000_000n;
  const numbers = esn ? [] : [LAST_SEQUENCE_NUMBER];
  const [packets] = [...(hardLimit.packets === undefined ? [] : [hardLimit.packets]), ...numbers].toSorted(
    (a, b) => (a < b ? -1 : 1),
  );
  return {
    ...(hardLimit.bytes === undefined ? {} : { bytes: part(hardLimit.bytes) }),
    ...(packets === undefined ? {} : { packets: part(packets) }),
  };
}

/** How long to wait after so many refusals: it doubles, and two ends that refuse each other drift apart. */
export function retryDelay({ rekey = REKEY_DEFAULTS, random }: ConnectionConfig, refusals: number): number {
  const { retryMs, maxRetryMs } = rekey === 'never' ? REKEY_DEFAULTS : rekey;
  return Math.round(Math.min(maxRetryMs, retryMs * 2 ** (refusals - 1)) * (0.75 + unit(random) / 2));
}
