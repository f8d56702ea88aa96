/**
 * The two strongSwans of the lab: Debian 12's 5.9.8 as it is installed, and strongSwan 6 out of Debian 14's packages, which
 * lie extracted in .cache/packages/forky (packages.txt) beside the C library and the OpenSSL that they need. Both can run at
 * the same time. Used by strongswan.ts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type StrongSwanVersion = 5 | 6;

const forky = fileURLToPath(new URL('../../.cache/packages/forky/', import.meta.url));
/** Whether set-up could fetch it. */
export const HAS_STRONGSWAN_6: boolean = existsSync(join(forky, 'usr/sbin/charon-systemd'));
const LIBRARIES = join(forky, 'usr/lib/x86_64-linux-gnu');

/**
 * strongSwan looks for its plugins where it was built for, /usr/lib/ipsec: this process, and nothing else on the host, sees
 * the tree's own there. It replaces itself twice, so that its process id is charon's in the end.
 */
const OVER_OWN_PLUGINS = 'mount --bind "$1" /usr/lib/ipsec && shift && exec "$@"';

interface Programs {
  /** How a program of this strongSwan's is started. */
  readonly argv: (program: 'charon-systemd' | 'swanctl') => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What charon loads unless a test says otherwise. kernel-libipsec must stand before kernel-netlink, or ESP goes to the kernel. */
  readonly plugins: string;
}

export const STRONGSWAN: Readonly<Record<StrongSwanVersion, Programs>> = {
  5: {
    argv: (program) => [program],
    environment: {},
    // In the order that charon has without a list: the first that offers an algorithm does it, and an order of our own
    // would make it slower than it is for its users (docs/performance.md, "The peers").
    plugins:
      'aesni aes sha2 sha1 md5 random nonce openssl gmp curve25519 chapoly xcbc cmac hmac kdf ctr ccm gcm vici kernel-libipsec kernel-netlink socket-default updown',
  },
  6: {
    argv(program) {
      const enter = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', OVER_OWN_PLUGINS];
      const linker = [join(LIBRARIES, 'ld-linux-x86-64.so.2'), '--library-path', LIBRARIES];
      return [...enter, program, join(forky, 'usr/lib/ipsec'), ...linker, join(forky, 'usr/sbin', program)];
    },
    // This machine's legacy provider belongs to another OpenSSL.
    environment: { OPENSSL_MODULES: join(LIBRARIES, 'ossl-modules') },
    // openssl does all cryptography, ML-KEM with it (OpenSSL 3.5 and later). With what certificates and EAP need.
    plugins:
      'random nonce openssl x509 pubkey pem pkcs1 pkcs8 revocation constraints vici kernel-libipsec kernel-netlink socket-default updown eap-identity eap-mschapv2 eap-md5 eap-tls eap-ttls eap-gtc eap-radius',
  },
};
