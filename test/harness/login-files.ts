/** Files as companies hand them out, made for tests, the demo and the benchmark: PKCS#12, .sswan and .mobileconfig. */
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
export function pkcs12({ certificates, key }: Issued, password = P12_PASSWORD): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-p12-'));
  try {
    writeFileSync(join(folder, 'all'), certificates + key);
    const line = `pkcs12 -export -in all -out p12 -passout pass:${password}`;
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

interface MobileconfigOptions {
  readonly name: string;
  readonly gateway: { readonly address: string; readonly id: string };
  readonly clientId: string;
  /** PEM */
  readonly ca: string;
  /** base64 of a PKCS#12 file with a password that is not in the profile. */
  readonly p12: string;
  /** The certificate is for EAP-TLS. */
  readonly eap?: boolean;
}

/** IKEv2 with a certificate from a PKCS#12 beside it, as Apple Configurator writes it. */
export function mobileconfig({ name, gateway, clientId, ca, p12, eap = false }: MobileconfigOptions): string {
  const payload = (type: string, id: string, rest: string): string =>
    `<dict><key>PayloadType</key><string>${type}</string><key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>lab.${id}</string><key>PayloadUUID</key><string>${id}</string>
${rest}</dict>`;
  const string = (key: string, value: string): string => `<key>${key}</key><string>${value}</string>\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">${payload(
    'Configuration',
    'all',
    `<key>PayloadContent</key><array>
${payload('com.apple.security.pkcs12', 'p12', `<key>PayloadContent</key><data>${p12}</data>`)}
${payload('com.apple.security.root', 'ca', `<key>PayloadContent</key><data>${der(ca)}</data>`)}
${payload(
  'com.apple.vpn.managed',
  'vpn',
  `${string('UserDefinedName', name)}${string('VPNType', 'IKEv2')}<key>IKEv2</key><dict>
${string('RemoteAddress', gateway.address)}${string('RemoteIdentifier', gateway.id)}${string('LocalIdentifier', clientId)}${string('AuthenticationMethod', 'Certificate')}${string('PayloadCertificateUUID', 'p12')}<key>ExtendedAuthEnabled</key><integer>${eap ? 1 : 0}</integer>
</dict>`,
)}
</array>`,
  )}</plist>
`;
}
