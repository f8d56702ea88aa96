/** What a login cannot do without, and only the person knows. credentials.ts and own-certificate.ts ask. */
import { TunnelError } from './failures.ts';
import type { Person } from './person.ts';

export type Demand = Omit<Parameters<Person['ask']>[0], 'retry'>;

export const lacking = (what: string): TunnelError => new TunnelError({ cause: 'secret-missing', what });

/** Throws TunnelError with `secret-missing` where nobody answers. */
export async function demand(person: Person, question: Demand, retry = false): Promise<string> {
  const text = await person.ask({ ...question, retry });
  if (text === undefined) throw lacking(question.kind);
  return text;
}
