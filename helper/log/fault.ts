/**
 * A fault of the program itself, as text. What nobody expected may quote whatever the code had in hand, a password or a key
 * among it: Node tells the value that it does not take, JSON.parse the text that it stumbled over. What is quoted is left
 * out, and so are all other properties of the error; where it happened stays. For whoever catches everything: main.ts,
 * ipc/session.ts, tunnel/.
 */

/** For people: one line. */
export const faultMessage = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${withoutQuotes(error.message)}` : withoutQuotes(String(error));

/** For the log: with where it happened. */
export function faultText(error: unknown): string {
  const { message = '', stack = '' } = error instanceof Error ? error : {};
  const at = stack.indexOf(message);
  return faultMessage(error) + (at < 0 ? '' : stack.slice(at + message.length));
}

/** The last of them has no end: from there on it is left out. */
const QUOTED = /"[^"]*"|'[^']*'|`[^`]*`|Received\b.*$|["'`].*$/gs;

const withoutQuotes = (message: string): string =>
  message.replace(QUOTED, (found) => (found.startsWith('Received') ? 'Received …' : '"…"'));
