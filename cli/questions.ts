/**
 * What a tunnel wants to know of its user while it connects: asked at the terminal, or named where there is none. Used by
 * `adit up`.
 */
import type { TunnelQuestion } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Client } from './client.ts';
import { RefusedError } from './client-errors.ts';
import { CliError, EXIT, UsageError } from './errors.ts';
import { askedAtTerminal } from './input.ts';

type Kind = TunnelQuestion['kind'];

/** How to give it where nobody can be asked. */
const ELSEWHERE: Readonly<Record<Kind, { readonly what: string; readonly remedy: (id: string) => string }>> =
  {
    user: { what: 'the user name', remedy: (id) => `Give it: adit up ${id} --user NAME` },
    password: {
      what: 'the password',
      remedy: (id) => `Pipe it: adit up ${id} --password-stdin < password.txt`,
    },
    'one-time-code': {
      what: 'the one-time code',
      remedy: (id) => `Run adit up ${id} at a terminal, or pipe it: adit up ${id} --password-stdin`,
    },
    'new-password': { what: 'a new password', remedy: (id) => `Run adit up ${id} at a terminal.` },
    'pkcs12-password': {
      what: 'the password of the PKCS#12 file',
      remedy: (id) => `Store it: adit set-secret ${id} --p12-password-stdin < password.txt`,
    },
    'private-key-password': {
      what: 'the password of the private key',
      remedy: (id) => `Store it: adit set-secret ${id} --private-key-password-stdin < password.txt`,
    },
  };

function nobody(id: string, kind: Kind): UsageError {
  const { what, remedy } = ELSEWHERE[kind];
  return new UsageError(`There is no terminal to ask for ${what}.`, remedy(id));
}

const KIND_OF_SECRET: Readonly<Record<string, Kind>> = {
  password: 'password',
  pkcs12Password: 'pkcs12-password',
};

/** Throws UsageError for what is missing and would be asked for, before anything is sent. */
export function refuseUnanswerable(id: string, missingSecrets: readonly string[]): void {
  for (const name of missingSecrets) {
    const kind = KIND_OF_SECRET[name];
    if (kind) throw nobody(id, kind);
  }
}

/**
 * Asks and answers. False, and the tunnel goes down, where the user has had enough. Throws UsageError without a terminal. Once
 * `signal` aborts it neither reads nor resolves.
 */
export async function answerQuestion(
  client: Client,
  id: string,
  question: TunnelQuestion,
  signal: AbortSignal,
): Promise<boolean> {
  const { kind, prompt, retry } = question;
  const again = retry && kind !== 'password' ? 'That was wrong. ' : '';
  let answer: string | undefined;
  try {
    answer = await askedAtTerminal(`${again}${printable(prompt, 256)}: `, {
      echo: kind === 'user',
      mayBeEmpty: kind === 'pkcs12-password',
      signal,
    });
  } catch (error) {
    await client.call('tunnel.down', { id });
    if (error instanceof CliError && error.exitCode === EXIT.interrupted) return false;
    throw error;
  }
  if (answer === undefined && !retry && kind !== 'new-password') {
    await client.call('tunnel.down', { id });
    throw nobody(id, kind);
  }
  try {
    // After a wrong answer, or for a password that has expired, nobody has another: the gateway's refusal says more than
    // that there is no terminal.
    await client.call('tunnel.answer', {
      id,
      question: question.id,
      ...(answer === undefined ? {} : { answer }),
    });
  } catch (error) {
    // Nobody asks any more: how the tunnel ended comes as its status.
    if (!(error instanceof RefusedError)) throw error;
  }
  return true;
}
