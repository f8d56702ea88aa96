/**
 * A Child SA as the key exchange hands it to whoever moves packets: the native data plane (helper/native) and its
 * readable twin beside this file take the same object. RFC 4301 §4.4.2.
 */
import type { EspSuite } from '#core/crypto/interfaces.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';

export interface DirectionKeys {
  /** Cipher key followed by the salt where the algorithm has one. */
  readonly encryption: Uint8Array;
  /** Empty with an AEAD. */
  readonly integrity: Uint8Array;
}

/** What the data plane needs of one Child SA. Both directions live and die together. */
export interface ChildSa {
  /** 32-bit SPI of packets to us: the key under which this SA is known. */
  readonly spiIn: number;
  /** 32-bit SPI of packets to the peer. */
  readonly spiOut: number;
  readonly mode: 'tunnel';
  readonly suite: EspSuite;
  readonly keysIn: DirectionKeys;
  readonly keysOut: DirectionKeys;
  /** Packets of the window against replay; 0 turns the check off. */
  readonly replayWindow: number;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  /** `udp`: RFC 3948. `none`: IP protocol 50. */
  readonly encapsulation: 'udp' | 'none';
  /** Hard limits that the data plane enforces by itself, per direction. The sequence number is always one. */
  readonly hardLimit: { readonly bytes?: bigint; readonly packets?: bigint };
  /** Seconds from its installation on, after which the data plane ends the SA whatever became of the key exchange meanwhile. */
  readonly lifetimeSec?: number;
}
