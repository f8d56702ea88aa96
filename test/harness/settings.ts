/**
 * Writes strongSwan's settings syntax (strongswan.conf, swanctl.conf) from a plain object: one setting a line,
 * lists joined by commas, anything unusual quoted. Used by strongswan.ts and by tests of the swanctl importer.
 */
export type Setting = string | number | boolean | readonly (string | number)[] | Settings;
export interface Settings {
  readonly [key: string]: Setting | undefined;
}

export function settingsText(settings: Settings, depth = 0): string {
  const pad = '  '.repeat(depth);
  let text = '';
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    if (typeof value === 'object' && !isList(value)) {
      text += `${pad}${key} {\n${settingsText(value, depth + 1)}${pad}}\n`;
    } else {
      text += `${pad}${key} = ${valueText(value)}\n`;
    }
  }
  return text;
}

function isList(value: object): value is readonly (string | number)[] {
  return Array.isArray(value);
}

function valueText(value: string | number | boolean | readonly (string | number)[]): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = typeof value === 'object' ? value.join(', ') : String(value);
  return /^[\w.,:;@/%+*\- ]*$/.test(text) && text === text.trim()
    ? text
    : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
