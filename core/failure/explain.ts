/**
 * Failures in words. One explanation serves the screen, the command line and the log, so that a person who reads
 * one of them and asks somebody who reads another speaks of the same thing. The words are in words/, a language each.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { ChainFault } from '#core/pki/verdict.ts';
import type { Language } from '#core/text/languages.ts';
import { printable } from '#core/text/printable.ts';
import type { Explanation } from './explanation.ts';
import { de } from './words/de.ts';
import { en } from './words/en.ts';
import type { FailureWords, FaultWords } from './words/words.ts';
import { zh } from './words/zh.ts';

export type { Explanation } from './explanation.ts';

const WORDS: Readonly<Record<Language, FailureWords>> = { en, de, zh };

/**
 * Words for a failure. Every case has them: a new case of Failure without a row in each language does not type-check. A
 * cause from a newer helper, which this client has no row for, is at least named.
 */
export function explain(failure: Failure, language: Language = 'en'): Explanation {
  const words = WORDS[language];
  if (failure.cause === 'certificate-rejected') return explainFault(failure.fault, failure.remoteId, words);
  // The cause picks the row that takes this case; the type system cannot follow a union through an index.
  const row = words.causes[failure.cause] as ((failure: Failure) => Explanation) | undefined;
  return (
    row?.(failure) ?? {
      ...words.unknown(printable((failure as { readonly cause: string }).cause)),
      details: [printable(JSON.stringify(failure), 1024)],
    }
  );
}

function explainFault(fault: ChainFault, remoteId: string, words: FailureWords): Explanation {
  const row = words.faults[fault.fault] as ((fault: ChainFault) => FaultWords) | undefined;
  const told = row?.(fault) ?? words.unknownFault;
  const details = [
    ...(told.details ?? []),
    ...('subject' in fault ? [words.faultDetails.certificate(printable(fault.subject))] : []),
    words.faultDetails.claims(printable(remoteId)),
  ];
  return { remedy: words.faultRemedy, ...told, details };
}
