/** Emphasis and colour, which always come beside words: nothing is told by colour alone. */

type Paint = (text: string) => string;

export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly warn: Paint;
  readonly bad: Paint;
}

const paint =
  (code: number): Paint =>
  (text) =>
    `\u001b[${code}m${text}\u001b[0m`;
const plain: Paint = (text) => text;

const COLOURED: Style = { bold: paint(1), dim: paint(2), good: paint(32), warn: paint(33), bad: paint(31) };
const PLAIN: Style = { bold: plain, dim: plain, good: plain, warn: plain, bad: plain };

/** Colour for a terminal that has it and a person who wants it (https://no-color.org). */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const unwanted = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return stream.isTTY === true && !unwanted ? COLOURED : PLAIN;
}
