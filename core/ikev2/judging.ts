/**
 * Asks the tasks of an exchange one after another for their verdict. A question stops the row; its answer goes on from
 * there, maybe much later. outcome.ts, responses.ts and serving.ts call it.
 */
import type { Answer, Question } from './questions.ts';
import type { Task, Verdict } from './tasks/task.ts';

/** A verdict that is none of a question's. */
export type Settled = Exclude<Verdict, { ruling: 'ask' }>;

/** Keeps a question until it is answered. */
interface Inquirer {
  inquire(now: number, question: Question, resume: (now: number, answer: Answer) => void): void;
}

/** `then` hears the first verdict that is not "go on", in the order of the tasks, or `undefined` after the last one. */
export function judge(
  inquirer: Inquirer,
  now: number,
  tasks: readonly Task[],
  step: (task: Task, now: number) => Verdict,
  then: (now: number, verdict: Settled) => void,
): void {
  const goOn = (at: number, verdict: Verdict, next: number): void => {
    if (verdict?.ruling === 'ask') {
      const { question, answered } = verdict;
      inquirer.inquire(at, question, (later, answer) => goOn(later, answered(answer), next));
      return;
    }
    const task = tasks[next];
    if (verdict !== undefined || task === undefined) then(at, verdict);
    else goOn(at, step(task, at), next + 1);
  };
  goOn(now, undefined, 0);
}
