/**
 * A real FreeRADIUS on a host of the lab, out of packages that were extracted and not installed: EAP with every method of
 * ours, TLS 1.2 and 1.3, an inner server for TTLS and PEAP. It is what stands behind many gateways.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import { type Daemon, until } from './process.ts';
import type { Issued } from './test-pki.ts';

const packages = fileURLToPath(new URL('../../.cache/packages/', import.meta.url));
const NAMES = ['freeradius', 'libfreeradius3', 'libtalloc2', 'libct4', 'libpcre3', 'libwbclient0'];
const MODULES = join(packages, 'freeradius/usr/lib/freeradius');
const LIBRARIES = [
  ...NAMES.flatMap((name) => [`${name}/usr/lib/x86_64-linux-gnu`, `${name}/lib/x86_64-linux-gnu`]),
  'libfreeradius3/usr/lib/freeradius',
].map((folder) => join(packages, folder));

export const RADIUS = { port: 1812, secret: 's3cret' } as const;

interface FreeRadiusOptions {
  /** A private folder for its configuration. */
  readonly directory: string;
  /** PEM of the CA that clients are checked with. */
  readonly ca: string;
  readonly server: Issued;
  /** User name to password, in the clear. */
  readonly users: Readonly<Record<string, string>>;
  /** SMB-Account-CTRL of users whom MS-CHAPv2 is to refuse: 0x20010 is expired; locked and disabled ones get the same answer as a wrong password. */
  readonly accounts?: Readonly<Record<string, number>>;
  /** MSCHAPv2 tells clients why, beyond 691; FreeRADIUS is delivered silent. */
  readonly saysWhy?: boolean;
  /** The highest version of TLS that it speaks; 1.3 where absent. */
  readonly maxTls?: '1.2' | '1.3';
}

/** Starts it and waits until it listens on 127.0.0.1; it ends with the host. */
export async function startFreeRadius(host: Host, options: FreeRadiusOptions): Promise<Daemon> {
  const { directory } = options;
  await mkdir(directory, { recursive: true });
  const file = (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o600 });
  await file('radiusd.conf', configuration(options));
  await file('ca.pem', options.ca);
  await file('server.pem', options.server.certificates);
  await file('server.key', options.server.key);
  const lines = Object.entries(options.users).map(
    ([name, password]) =>
      `${name} Cleartext-Password := "${password}"${accountControl(options.accounts?.[name])}\n`,
  );
  await file('users', lines.join(''));
  const argv = [join(packages, 'freeradius/usr/sbin/freeradius'), '-X', '-d', directory, '-n', 'radiusd'];
  argv.push('-D', join(packages, 'freeradius-common/usr/share/freeradius'));
  const daemon = host.start(argv, { env: { LD_LIBRARY_PATH: LIBRARIES.join(':') } });
  await until(
    'FreeRADIUS is ready',
    () => {
      if (!daemon.running) throw new Error('it has ended');
      return daemon.output.includes('Ready to process requests');
    },
    { context: () => daemon.output.slice(-2_000) },
  );
  return daemon;
}

const accountControl = (bits: number | undefined): string =>
  bits === undefined ? '' : `, SMB-Account-CTRL := ${bits}`;

/** Braces as its parser wants them: one statement a line. */
function configuration({ directory, maxTls = '1.3', saysWhy = false }: FreeRadiusOptions): string {
  const tls = (name: string, fragmentSize: number) => `
      tls-config ${name} {
        private_key_file = ${directory}/server.key
        certificate_file = ${directory}/server.pem
        ca_file = ${directory}/ca.pem
        tls_min_version = "1.2"
        tls_max_version = "${maxTls}"
        ecdh_curve = ""
        fragment_size = ${fragmentSize}
        include_length = yes
      }
      tls {
        tls = ${name}
      }`;
  const passwords = `
      md5 {
      }
      gtc {
        auth_type = PAP
      }
      mschapv2 {
      }`;
  const telling = passwords.replace('mschapv2 {', 'mschapv2 {\n        send_error = yes');
  const tunneled = (name: string, inner: string) => `
      ${name} {
        tls = outer
        default_eap_type = ${inner}
        virtual_server = "inner"
      }`;
  const server = (eap: string) => `
    authorize {
      files
      ${eap} {
        ok = return
      }
      mschap
      chap
      pap
    }
    authenticate {
      Auth-Type PAP {
        pap
      }
      Auth-Type CHAP {
        chap
      }
      Auth-Type MS-CHAP {
        mschap
      }
      ${eap}
    }`;
  return `
  libdir = ${MODULES}
  raddbdir = ${directory}
  logdir = ${directory}
  run_dir = ${directory}
  db_dir = ${directory}
  hostname_lookups = no
  proxy_requests = no
  log {
    destination = stdout
  }
  security {
    reject_delay = 0
    status_server = no
  }
  client lab {
    ipaddr = 127.0.0.1
    secret = ${RADIUS.secret}
    require_message_authenticator = yes
  }
  modules {
    pap {
    }
    chap {
    }
    mschap {
      use_mppe = yes
      with_ntdomain_hack = yes
      allow_retry = yes
    }
    files {
      filename = ${directory}/users
    }
    eap {
      default_eap_type = md5${saysWhy ? telling : passwords}${tls('outer', 1024)}${tunneled('ttls', 'md5')}${tunneled('peap', 'mschapv2')}
    }
    eap inner-eap {
      default_eap_type = mschapv2${telling}${tls('inside', 900)}
    }
  }
  server default {
    listen {
      type = auth
      ipaddr = 127.0.0.1
      port = ${RADIUS.port}
    }${server('eap')}
  }
  server inner {${server('inner-eap')}
  }
`;
}
