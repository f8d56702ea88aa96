/**
 * A fault of the program itself, as text for the log (main.ts). What nobody caught may quote whatever the code had in hand, a
 * password or a key among it: Node tells the value that it does not take, JSON.parse the text that it stumbled over. What
 * is quoted is left out, and so are all other properties of the error; where it happened stays.
 */
export function faultText(error: Error): string {
  const { name, message, stack = '' } = error;
  const at = stack.indexOf(message);
  const frames = at < 0 ? '' : stack.slice(at + message.length);
  return `${name}: ${withoutQuotes(message)}${frames}`;
}

/** The last of them has no end: from there on it is left out. */
const QUOTED = /"[^"]*"|'[^']*'|`[^`]*`|Received\b.*$|["'`].*$/gs;

const withoutQuotes = (message: string): string =>
  message.replace(QUOTED, (found) => (found.startsWith('Received') ? 'Received …' : '"…"'));
