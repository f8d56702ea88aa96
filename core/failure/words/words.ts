/** The words for failures that a language has to have: a case without a row does not compile. explain.ts chooses the language. */
import type { Failure } from '#core/failure/failure.ts';
import type { ChainFault } from '#core/pki/verdict.ts';
import type { Explanation } from '../explanation.ts';
import type { Refusal } from './parts.ts';

export type FailureOf<C extends Failure['cause']> = Extract<Failure, { cause: C }>;
type FaultOf<F extends ChainFault['fault']> = Extract<ChainFault, { fault: F }>;

/** What each fault of a certificate says in its own words; the remedy is `faultRemedy` where it has none. */
export type FaultWords = Pick<Explanation, 'sentence' | 'cause'> & Partial<Explanation>;

type CauseRows = { readonly [C in Failure['cause']]: (failure: FailureOf<C>) => Explanation };
type FaultRows = { readonly [F in ChainFault['fault']]: (fault: FaultOf<F>) => FaultWords };

/** Rows for what the gateway refuses by AUTHENTICATION_FAILED alone. */
export type RefusalRows = {
  readonly [R in Refusal]: (
    failure: FailureOf<'authentication-refused'>,
  ) => Pick<Explanation, 'sentence' | 'cause' | 'remedy'>;
};

export interface FailureWords {
  /** All but `certificate-rejected`, which the faults tell. */
  readonly causes: Omit<CauseRows, 'certificate-rejected'>;
  /** What is wrong with a gateway's certificate: a row for each rule of core/pki/verdict.ts. */
  readonly faults: FaultRows;
  readonly faultRemedy: string;
  readonly faultDetails: {
    readonly certificate: (subject: string) => string;
    readonly claims: (remoteId: string) => string;
  };
  /** Of a newer helper: this client has no row for it. */
  readonly unknownFault: FaultWords;
  readonly unknown: (cause: string) => Omit<Explanation, 'details'>;
}
