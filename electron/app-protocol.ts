/**
 * `adit://app/…`: the built renderer, read from the application's own folder, with the headers that keep the page
 * harmless. Nothing else has this scheme, and the page has no other source. main.ts registers it.
 */
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

export const SCHEME = 'adit';
export const ORIGIN = 'adit://app';
export const START_PAGE = `${ORIGIN}/index.html`;

/** Nothing by default; scripts, styles and images of our own; no connection, frame, form or plug-in at all. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

const refused = (status: number): Response => new Response(null, { status, headers: HEADERS });

/** Serves files below `folder`; whatever leads out of it, or has a type that the page does not need, is not there. */
export async function serve(
  folder: string,
  { url, method }: { url: string; method: string },
): Promise<Response> {
  const { protocol, host, pathname } = new URL(url);
  if (method !== 'GET' || protocol !== `${SCHEME}:` || host !== 'app') return refused(403);
  let path: string;
  try {
    path = normalize(join(folder, decodeURIComponent(pathname)));
  } catch {
    return refused(400);
  }
  const type = TYPES[extname(path)];
  if (!path.startsWith(folder + sep) || type === undefined || path.includes('\0')) return refused(404);
  try {
    return new Response(await readFile(path), { headers: { ...HEADERS, 'content-type': type } });
  } catch {
    return refused(404);
  }
}
