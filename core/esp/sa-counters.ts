/** What a Child SA counts, in core/esp and in the native data plane alike. The status and the tests read it. */

/**
 * Counters of one Child SA; both directions. All are totals since it was installed. Every ESP packet that reached the
 * SA stands in exactly one of packetsIn, replayDrops, authFailures, selectorDrops, malformedDrops, dummies, expiredDrops.
 */
export interface SaCounters {
  readonly spiIn: number;
  readonly spiOut: number;
  /** Octets of inner packets, without any overhead or padding. */
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly packetsIn: bigint;
  readonly packetsOut: bigint;
  /** Seen before, or older than the window. */
  readonly replayDrops: bigint;
  /** ICV wrong, or a length that no packet of the suite has. */
  readonly authFailures: bigint;
  /** Decrypted, but outside the negotiated selectors. */
  readonly selectorDrops: bigint;
  /** Bad padding, next header or inner packet after a good ICV. */
  readonly malformedDrops: bigint;
  /** Dummy packets (RFC 4303 §2.6): authentic, and nothing in them. */
  readonly dummies: bigint;
  /** Came after a hard limit had ended the SA. */
  readonly expiredDrops: bigint;
  /** Outbound packets left before the sequence number or the hard limit of packets ends the SA. */
  readonly packetsLeft: bigint;
}
