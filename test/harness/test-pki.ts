/**
 * A small PKI from the openssl command in a folder that goes away: CAs, servers, clients, and those that are wrong in one
 * way each, with their CRLs and what an OCSP responder needs. Used by the tests of TLS inside EAP and of logins.
 */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Issued {
  /** PEM, its own first, then the intermediates. */
  readonly certificates: string;
  readonly key: string;
}

export interface Ca extends Issued {
  readonly name: string;
  /** PEM of what leads up from what it issues: itself and those above it, without the root. */
  readonly chain: string;
}

/** Arguments of `openssl genpkey` for each kind of key. */
const KEYS = {
  'P-256': '-algorithm EC -pkeyopt ec_paramgen_curve:P-256',
  'P-384': '-algorithm EC -pkeyopt ec_paramgen_curve:P-384',
  'P-521': '-algorithm EC -pkeyopt ec_paramgen_curve:P-521',
  RSA: '-algorithm RSA -pkeyopt rsa_keygen_bits:2048',
  Ed25519: '-algorithm ED25519',
  Ed448: '-algorithm ED448',
} as const;

export interface LeafOptions {
  /** `DNS:aaa.example`, `email:alice@example.org`. */
  readonly san?: string;
  readonly usage: 'serverAuth' | 'clientAuth';
  /** P-256 where absent. */
  readonly key?: keyof typeof KEYS;
  /** From and to, as openssl writes them: 20200101000000Z. */
  readonly validity?: readonly [from: string, to: string];
  /** More extensions in openssl's words: `authorityInfoAccess=OCSP;URI:http://…`. */
  readonly extensions?: readonly string[];
}

/** A certificate whose CA speaks of it. */
interface Listed {
  /** PEM, the certificate first. */
  readonly certificates: string;
  readonly revoked?: boolean;
}

export class TestPki implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'adit-pki-'));
  #count = 0;

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  /** `line` has no argument with a blank in it. */
  #openssl(line: string): void {
    execFileSync('openssl', line.split(' '), { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #newKey(name: string, kind: keyof typeof KEYS = 'P-256'): void {
    this.#openssl(`genpkey ${KEYS[kind]} -out ${name}.key`);
  }

  #read(name: string): Issued {
    return {
      certificates: readFileSync(this.#path(`${name}.pem`), 'utf8'),
      key: readFileSync(this.#path(`${name}.key`), 'utf8'),
    };
  }

  ca(commonName: string, { issuer, pss = false }: { issuer?: Ca; pss?: boolean } = {}): Ca {
    const name = `ca${this.#count++}`;
    this.#newKey(name, pss ? 'RSA' : undefined);
    const padding = pss ? ' -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sha256' : '';
    if (issuer === undefined) {
      this.#openssl(
        `req -x509 -new -key ${name}.key -out ${name}.pem -days 30 -subj /O=Adit/CN=${commonName}` +
          ` -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign${padding}`,
      );
      return { name, chain: '', ...this.#read(name) };
    }
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
    writeFileSync(this.#path(`${name}.ext`), extensions.join('\n'));
    this.#openssl(`req -new -key ${name}.key -out ${name}.csr -subj /O=Adit/CN=${commonName}`);
    this.#sign(issuer, name);
    const { certificates, key } = this.#read(name);
    const chain = certificates + issuer.chain;
    return { name, key, certificates: chain, chain };
  }

  leaf(ca: Ca, commonName: string, { san, usage, validity, key, extensions = [] }: LeafOptions): Issued {
    const name = `leaf${this.#count++}`;
    this.#newKey(name, key);
    writeFileSync(
      this.#path(`${name}.ext`),
      [
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature',
        `extendedKeyUsage=${usage}`,
        ...(san === undefined ? [] : [`subjectAltName=${san}`]),
        ...extensions,
      ].join('\n'),
    );
    this.#openssl(`req -new -key ${name}.key -out ${name}.csr -subj /CN=${commonName}`);
    if (validity === undefined) this.#sign(ca, name);
    else this.#signFor(ca, name, validity);
    const { certificates, key: privateKey } = this.#read(name);
    return { certificates: certificates + ca.chain, key: privateKey };
  }

  /** The CA's list of what it has revoked, in DER. */
  crl(ca: Ca, listed: readonly Listed[]): Uint8Array {
    const folder = this.#index(ca, listed);
    this.#openssl(
      `ca -gencrl -config ${folder}/ca.cnf -cert ${ca.name}.pem -keyfile ${ca.name}.key -crldays 1 -out ${folder}/crl.pem`,
    );
    this.#openssl(`crl -in ${folder}/crl.pem -outform DER -out ${folder}/crl.der`);
    return readFileSync(this.#path(`${folder}/crl.der`));
  }

  /**
   * A folder below the PKI's for `openssl ocsp`: `index` with what the CA has issued, `ca.pem` and `ca.key`. Returns its
   * path.
   */
  responder(ca: Ca, listed: readonly Listed[]): string {
    const folder = this.#index(ca, listed);
    for (const kind of ['pem', 'key'])
      copyFileSync(this.#path(`${ca.name}.${kind}`), this.#path(`${folder}/ca.${kind}`));
    return this.#path(folder);
  }

  /** The little database of `openssl ca` and `openssl ocsp` in a folder of its own. */
  #index(ca: Ca, listed: readonly Listed[]): string {
    const folder = `${ca.name}.${this.#count++}`;
    mkdirSync(this.#path(folder));
    const rows = listed.map(({ certificates, revoked = false }) => {
      const { serialNumber, subject } = new X509Certificate(certificates);
      const state = revoked ? 'R\t991231235959Z\t240601000000Z,keyCompromise' : 'V\t991231235959Z\t';
      return `${state}\t${serialNumber}\tunknown\t/${subject.replaceAll('\n', '/')}\n`;
    });
    writeFileSync(this.#path(`${folder}/index`), rows.join(''));
    writeFileSync(this.#path(`${folder}/index.attr`), 'unique_subject = no\n');
    writeFileSync(this.#path(`${folder}/ca.cnf`), CA_CONFIG.replace('=index', `=${folder}/index`));
    return folder;
  }

  #sign(ca: Ca, name: string): void {
    this.#openssl(
      `x509 -req -in ${name}.csr -CA ${ca.name}.pem -CAkey ${ca.name}.key -CAcreateserial` +
        ` -out ${name}.pem -days 7 -extfile ${name}.ext`,
    );
  }

  /** openssl 3.0 sets dates of its choice only through `ca`, which wants its little database. */
  #signFor(ca: Ca, name: string, [from, to]: readonly [string, string]): void {
    writeFileSync(this.#path('index'), '');
    writeFileSync(this.#path('ca.cnf'), CA_CONFIG);
    this.#openssl(
      `ca -batch -config ca.cnf -cert ${ca.name}.pem -keyfile ${ca.name}.key -in ${name}.csr -out ${name}.pem` +
        ` -startdate ${from} -enddate ${to} -notext -extfile ${name}.ext`,
    );
  }
}

const CA_CONFIG = `[ca]
default_ca=d
[d]
database=index
new_certs_dir=.
default_md=sha256
policy=p
rand_serial=yes
[p]
commonName=supplied
`;
