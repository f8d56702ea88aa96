/**
 * The answer to the engine's question whether the other end's certificate may be trusted: the path and
 * its rules (core/pki/path.ts), then revocation for a path that is good.
 */
import { UnsupportedAlgorithm } from '#core/pki/algorithm.ts';
import type { Certificate } from '#core/pki/certificate.ts';
import { namesOf } from '#core/pki/identity.ts';
import type { PublicKey } from '#core/pki/interfaces.ts';
import { findPath, type TrustAnchors } from '#core/pki/path.ts';
import { DEFAULT_PATH_POLICY, type PathPolicy } from '#core/pki/path-policy.ts';
import type { ChainFault } from '#core/pki/verdict.ts';
import { type Clock, within } from '../clock.ts';
import {
  checkRevocation,
  type RevocationOutcome,
  type RevocationPolicy,
  type RevocationService,
} from './revocation.ts';

interface Expectation {
  readonly anchors: TrustAnchors;
  /** What differs from DEFAULT_PATH_POLICY: names above all. */
  readonly policy: Partial<PathPolicy>;
  readonly revocation: RevocationPolicy;
  /** DER of OCSP responses that came in CERT payloads (RFC 4806). */
  readonly stapled?: readonly Uint8Array[];
}

export type Verdict =
  | {
      readonly valid: true;
      /** The key that verifyAuth must be asked with. */
      readonly key: PublicKey;
      readonly subject: string;
      /** For status and log. */
      readonly names: readonly string[];
      /** DER, the leaf first, the trusted certificate last. */
      readonly path: readonly Uint8Array[];
      /** Whose revocation nobody could tell, with the reason: relaxed profiles go on. */
      readonly revocationUnknown: readonly string[];
      /** Who names nobody that could be asked: no fault where the company keeps no lists. */
      readonly unlisted: readonly string[];
    }
  | { readonly valid: false; readonly fault: ChainFault };

export interface ValidationService extends RevocationService {
  readonly clock: Clock;
}

/** For all questions of one validation: somebody waits for the tunnel meanwhile. */
const REVOCATION_MS = 15_000;

/** `chain`: DER as received, the leaf first. Never rejects for what a peer or a responder sent. */
export async function validateGateway(
  service: ValidationService,
  chain: readonly Uint8Array[],
  expectation: Expectation,
): Promise<Verdict> {
  const policy = { ...DEFAULT_PATH_POLICY, ...expectation.policy };
  const now = service.clock.wall();
  const found = findPath(service.crypto, now, chain, expectation.anchors, policy);
  if ('fault' in found) return { valid: false, fault: found.fault };
  const asked = checkRevocation(
    service,
    now,
    found.path,
    expectation.stapled ?? [],
    expectation.revocation,
    policy,
  );
  const outcome = await within(service.clock, REVOCATION_MS, asked);
  const { fault, unknown, unlisted } = outcome ?? late(found.path[0], expectation.revocation);
  return fault ? { valid: false, fault } : verdictOf(found.path, unknown, unlisted);
}

function late({ subjectText: subject }: Certificate, { strict }: RevocationPolicy): RevocationOutcome {
  const detail = `nobody could say so within ${REVOCATION_MS / 1000} seconds`;
  const unknown = [`${subject}: ${detail}`];
  const outcome = { unknown, unlisted: [] };
  return strict ? { ...outcome, fault: { fault: 'revocation-unknown', subject, detail } } : outcome;
}

function verdictOf(
  path: readonly [Certificate, ...Certificate[]],
  revocationUnknown: readonly string[],
  unlisted: readonly string[],
): Verdict {
  const [leaf] = path;
  if (leaf.key instanceof UnsupportedAlgorithm) {
    const { algorithm } = leaf.key;
    return { valid: false, fault: { fault: 'unsupported-algorithm', subject: leaf.subjectText, algorithm } };
  }
  return {
    valid: true,
    key: leaf.key,
    subject: leaf.subjectText,
    names: namesOf(leaf),
    path: path.map(({ der }) => der),
    revocationUnknown,
    unlisted,
  };
}
