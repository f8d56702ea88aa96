/** Columns. Cells are plain text; colour is put on afterwards by whole lines. */

/** Lines with a heading; columns as wide as their widest cell, the last one free. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell)),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** `label   text` with labels of one width; undefined texts are left out, lists take a line an entry. */
export function fields(
  rows: readonly (readonly [label: string, text: string | readonly string[] | undefined])[],
  indent: string,
): string[] {
  const present = rows.flatMap(([label, text]) => {
    const lines = text === undefined ? [] : typeof text === 'string' ? [text] : text;
    return lines.map((line, i) => [i === 0 ? label : '', line] as const);
  });
  const labels = Math.max(0, ...rows.map(([label]) => width(label)));
  return present.map(([label, line]) =>
    `${indent}${label}${' '.repeat(labels - width(label))}  ${line}`.trimEnd(),
  );
}

/** Code points; a terminal shows most of them in one cell. */
const width = (text: string): number => Array.from(text).length;
