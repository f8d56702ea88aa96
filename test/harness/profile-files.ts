/** Profiles as IT departments send them out, made for a lab. Used by the tests of logins and by the demo. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Issued } from './test-pki.ts';

/** The first certificate of a PEM file as base64 of its DER. */
export const der = (pem: string): string =>
  /-----BEGIN[^-]+-----([^-]+)-----END/.exec(pem)?.[1]?.replaceAll('\n', '') ?? '';

/** A PKCS#12 file as base64. */
export function pkcs12({ certificates, key }: Issued, password: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-p12-'));
  try {
    writeFileSync(join(folder, 'cert'), certificates);
    writeFileSync(join(folder, 'key'), key);
    const line = `pkcs12 -export -in cert -inkey key -out p12 -passout pass:${password}`;
    execFileSync('openssl', line.split(' '), { cwd: folder });
    return readFileSync(join(folder, 'p12')).toString('base64');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface MobileconfigOptions {
  readonly name: string;
  readonly gateway: { readonly address: string; readonly id: string };
  readonly clientId: string;
  /** PEM */
  readonly ca: string;
  /** base64 of a PKCS#12 file with a password that is not in the profile. */
  readonly p12: string;
}

/** IKEv2 with a certificate from a PKCS#12 beside it, as Apple Configurator writes it. */
export function mobileconfig({ name, gateway, clientId, ca, p12 }: MobileconfigOptions): string {
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
${string('RemoteAddress', gateway.address)}${string('RemoteIdentifier', gateway.id)}${string('LocalIdentifier', clientId)}${string('AuthenticationMethod', 'Certificate')}${string('PayloadCertificateUUID', 'p12')}<key>ExtendedAuthEnabled</key><integer>0</integer>
</dict>`,
)}
</array>`,
  )}</plist>
`;
}
