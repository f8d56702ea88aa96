/** Files as companies hand them out, made for the interop tests: PKCS#12 and .sswan. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pemCertificates } from '#helper/pki/trust.ts';
import type { Adit } from './adit.ts';
import { LAB } from './lab.ts';
import { GATEWAY_ID } from './scene.ts';
import type { Issued } from './test-pki.ts';

export const P12_PASSWORD = 'canary-p12';

/** The first certificate of a PEM text: base64 of its DER. */
export const der = (pem: string): string => Buffer.from(pemCertificates(pem)[0] ?? []).toString('base64');

/** A PKCS#12 file as base64: the key, its certificate and the intermediates. */
export function pkcs12({ certificates, key }: Issued): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-p12-'));
  try {
    writeFileSync(join(folder, 'all'), certificates + key);
    const line = `pkcs12 -export -in all -out p12 -passout pass:${P12_PASSWORD}`;
    execFileSync('openssl', line.split(' '), { cwd: folder });
    return readFileSync(join(folder, 'p12')).toString('base64');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A .sswan file for a login by certificate. `remote` adds to or replaces what it says of the gateway. */
export function certificateSswan(
  name: string,
  address: string,
  root: string,
  local: object,
  remote: object = {},
): string {
  return JSON.stringify({
    uuid: '52a64d39-0d1b-4f0b-8f4f-5f3c2f7c8d11',
    name,
    type: 'ikev2-cert',
    remote: { addr: address, id: GATEWAY_ID, cert: der(root), ...remote },
    local,
    'split-tunneling': { subnets: LAB.inner.net4 },
  });
}

/** Imports files that belong together, a profile with its certificates and keys; returns the id. Nothing may be missing. */
export async function importTogether(adit: Adit, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = mkdtempSync(join(adit.world.directory, 'import-'));
  const paths = Object.entries(files).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
  const answer = JSON.parse(await adit.run(['import', ...paths, '--json'])) as {
    imported: readonly { id: string; missingSecrets: readonly string[] }[];
  };
  const [first] = answer.imported;
  if (first === undefined || first.missingSecrets.length > 0) {
    throw new Error(`adit import answered ${JSON.stringify(answer)}`);
  }
  return first.id;
}
