/** Names of files and sections that exporters make from a profile's name. */

/** Letters and digits of ASCII with `-` between: `Büro (Wien)` becomes `Bro-Wien`. */
export function fileNameOf(name: string): string {
  const plain = name
    .replace(/[^\x20-\x7e]+/g, '')
    .replace(/[^a-zA-Z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 48)
    .replace(/-+$/, '');
  return plain === '' ? 'profile' : plain;
}
