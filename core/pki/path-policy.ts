/** What a path must fulfil beyond RFC 5280: chosen by a profile, applied by path.ts and path-rules.ts. */
import type { Identification } from '#core/ike/identification.ts';
import type { Purpose } from './usage.ts';

/** One demand on the names of the leaf: it must speak for at least one of `anyOf`. */
export interface NameRequirement {
  readonly wants: 'IDr' | 'profile' | 'dialled';
  readonly anyOf: readonly Identification[];
}

export interface PathPolicy {
  readonly purpose: Purpose;
  /** Every one must be met. */
  readonly names: readonly NameRequirement[];
  /** Refuse a leaf without extendedKeyUsage. */
  readonly requireEku: boolean;
  readonly minRsaBits: number;
  /** SHA-1 below the trusted certificate; old private CAs still use it. */
  readonly allowSha1: boolean;
  /** The leaf must be exactly this certificate, in DER. */
  readonly pinned?: Uint8Array;
}

export const DEFAULT_PATH_POLICY: PathPolicy = {
  purpose: 'gateway',
  names: [],
  requireEku: false,
  minRsaBits: 2048,
  allowSha1: false,
};
