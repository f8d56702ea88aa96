/**
 * Answers the engine's questions (core/ikev2/questions.ts) for one attempt to connect: a table, one row a kind. What only a
 * person knows goes to person.ts. association.ts hands the questions on.
 */
import type { EapAnswer, EapQuestion } from '#core/eap/question.ts';
import type { Answer, Question } from '#core/ikev2/questions.ts';
import { faultText } from '../log/fault.ts';
import type { CertificateAnswers, CertificateAnswersDeps } from './certificate-answers.ts';
import { faultFailure } from './failures.ts';
import type { Person, PersonQuestion } from './person.ts';

interface AnswersDeps extends CertificateAnswersDeps {
  readonly person: Person;
}

type Typed = Exclude<EapQuestion['kind'], 'tls'>;

/** What a question of EAP looks like to the person, and how the text becomes its answer. */
const TYPED: {
  readonly [K in Typed]: {
    readonly shown: (question: Extract<EapQuestion, { kind: K }>) => PersonQuestion;
    readonly answer: (text: string) => EapAnswer;
  };
} = {
  password: {
    shown: ({ user, retry, message }) => ({
      kind: 'password',
      prompt: said(retry ? `Wrong password. Password of ${user}` : `Password of ${user}`, message),
      user,
      retry,
    }),
    answer: (password) => ({ kind: 'password', password }),
  },
  'one-time-code': {
    shown: ({ user, prompt }) => ({
      kind: 'one-time-code',
      prompt: prompt.trim().replace(/:$/, '') || 'One-time code',
      user,
      retry: false,
    }),
    answer: (code) => ({ kind: 'one-time-code', code }),
  },
  'new-password': {
    shown: ({ user, message }) => ({
      kind: 'new-password',
      prompt: said(`The password of ${user} has expired. New password`, message),
      user,
      retry: false,
    }),
    answer: (newPassword) => ({ kind: 'new-password', newPassword }),
  },
};

const said = (prompt: string, message: string | undefined): string =>
  message === undefined || message === '' ? prompt : `${message}. ${prompt}`;

export class Answers implements Disposable {
  readonly #deps: AnswersDeps;
  readonly #certified: CertificateAnswers | undefined;

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
    const { certified } = deps.credentials;
    this.#certified = certified && new certified.CertificateAnswers(deps);
  }

  /** Never rejects: a question that fails here is one that nobody answers, with the reason. */
  async answer(question: Question): Promise<Answer> {
    try {
      switch (question.kind) {
        case 'sign':
          return await this.#proofs.sign(question);
        case 'verify-peer':
          return await this.#proofs.verifyPeer(question);
        default:
          return { kind: 'eap', eap: await this.#eap(question.eap) };
      }
    } catch (error) {
      this.#deps.log.error(`a question of the key exchange failed: ${faultText(error)}`);
      if (question.kind === 'eap') return { kind: 'eap', eap: { kind: 'none' } };
      return { kind: 'failed', failure: faultFailure('The proof could not be made or checked', error) };
    }
  }

  [Symbol.dispose](): void {
    this.#certified?.[Symbol.dispose]();
  }

  get #proofs(): CertificateAnswers {
    if (!this.#certified)
      throw new Error('a question about certificates where both ends have a pre-shared key');
    return this.#certified;
  }

  async #eap(question: EapQuestion): Promise<EapAnswer> {
    if (question.kind === 'tls') return this.#proofs.tls(question.request);
    // The kind picks the row that takes this question; the type system cannot follow a union through an index.
    const row = TYPED[question.kind] as (typeof TYPED)['password'];
    const text = await this.#deps.person.ask(
      row.shown(question as Extract<EapQuestion, { kind: 'password' }>),
    );
    // The next login has it by itself; a one-time code is of no use twice.
    if (question.kind === 'password' && text !== undefined) this.#deps.credentials.remember(text);
    return text === undefined ? { kind: 'none' } : row.answer(text);
  }
}
