/**
 * A TLS tunnel of EAP on node:tls over an in-memory stream (RFC 5216, RFC 9190; core/eap/tls-tunnel.ts says what is asked
 * of it). node:tls is asynchronous, which is why core/ asks instead of calling. eap-tls.ts keeps one or two of them.
 */
import { constants } from 'node:crypto';
import tls from 'node:tls';
import type { TlsFailure } from '#core/eap/failure.ts';
import type { TlsOpen, TlsOpened, TlsReply, TlsRequest } from '#core/eap/tls-tunnel.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { MemoryStream } from './memory-stream.ts';
import { chainFailure, type CertificateNames, socketFailure } from './tls-failure.ts';

export type TlsVersion = TlsOpened['version'];

/** The other end's certificate after its chain was found good. */
export interface TlsPeer {
  /** DER, its own first. */
  readonly chain: readonly Uint8Array[];
  /** For tls.checkServerIdentity and the like. */
  readonly certificate: tls.PeerCertificate;
  /** An OCSP response that the server has sent along, as it came (RFC 6066 §8, RFC 9190 §5.4). */
  readonly stapled?: Uint8Array;
}

export interface TlsTunnelOptions {
  /** CAs in PEM. Absent: what the system trusts. */
  readonly ca?: readonly string[];
  /** Shown by a server always, by a client in EAP-TLS: chain and key in PEM. */
  readonly credentials?: { readonly certificates: string; readonly key: string };
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** As a client, ask the server for an OCSP response about its certificate. */
  readonly askForStaple?: boolean;
  /**
   * The last word on a certificate whose chain is good: the name of the AAA server, revocation. Whoever trusts a public CA
   * has to check a name here, or every holder of a certificate is their AAA server.
   */
  readonly verifyPeer: (peer: TlsPeer) => Promise<TlsFailure | undefined> | TlsFailure | undefined;
}

const NOTHING = new Uint8Array(0);

/**
 * strongSwan's TLS does not announce secure renegotiation (RFC 5746), on which OpenSSL 3 insists. EAP has no use for
 * renegotiation, so none is taken, and the keys of its one handshake are bound into AUTH.
 */
const WITHOUT_RENEGOTIATION_INFO = constants.SSL_OP_LEGACY_SERVER_CONNECT | constants.SSL_OP_NO_RENEGOTIATION;

/** OpenSSL 3 knows TLS 1.0 and 1.1 only below its usual security level. */
const LEGACY_CIPHERS = 'DEFAULT@SECLEVEL=0';

/**
 * OpenSSL's default without X25519MLKEM768: its key share makes a ClientHello of 1.6 KB, two EAP packets and so a round trip
 * more in every login; offered without the share, a new server asks for it (RFC 8446 §4.1.4), and node loses the stapled
 * OCSP response on the way. The IKE SA around it has no post-quantum exchange either.
 */
const GROUPS = 'X25519:P-256:P-384:P-521:X448';

export class TlsTunnel {
  readonly #options: TlsTunnelOptions;
  readonly #open: TlsOpen;
  readonly #stream = new MemoryStream();
  #socket: tls.TLSSocket | undefined;
  #application: Buffer[] = [];
  #state: 'handshake' | 'secure' | 'open' | 'failed' = 'handshake';
  #failure: TlsFailure | undefined;
  #stapled: Uint8Array | undefined;

  constructor(open: TlsOpen, options: TlsTunnelOptions) {
    this.#open = open;
    this.#options = options;
    try {
      if (open.role === 'client') this.#connect();
      else this.#accept();
    } catch (error) {
      // A certificate or key that OpenSSL cannot read.
      this.#fail(socketFailure(error as Error));
    }
  }

  /** Feeds `input` and `write`, lets TLS work, and returns what came of it. One call at a time. */
  async step({ input, write }: TlsRequest): Promise<TlsReply> {
    if (this.#failure === undefined) {
      if (input.length > 0) this.#stream.push(Buffer.from(input));
      if (write.length > 0) this.#socket?.write(write);
      await this.#stream.settle();
    }
    const output = this.#stream.collect();
    if (this.#failure !== undefined) return { output, application: NOTHING, failure: this.#failure };
    const verdict = this.#state === 'secure' ? await this.#verify() : undefined;
    if (verdict !== undefined && 'reason' in verdict) {
      this.#fail(verdict);
      // What TLS 1.3 would send now holds our certificate: it is not for somebody whom we do not trust.
      return { output: NOTHING, application: NOTHING, failure: verdict };
    }
    const application = Uint8Array.from(Buffer.concat(this.#application));
    this.#application = [];
    return { output, application, ...(verdict === undefined ? {} : { opened: verdict }) };
  }

  close(): void {
    this.#socket?.destroy();
    this.#stream.destroy();
  }

  get #common(): tls.SecureContextOptions {
    const { ca, credentials, minVersion, maxVersion } = this.#options;
    const shown = this.#open.role === 'server' || this.#open.method === EapType.TLS ? credentials : undefined;
    return {
      ca: ca === undefined ? tls.getCACertificates('system') : [...ca],
      ...(shown === undefined ? {} : { cert: shown.certificates, key: shown.key }),
      minVersion,
      maxVersion,
      ...(minVersion < 'TLSv1.2' ? { ciphers: LEGACY_CIPHERS } : {}),
    };
  }

  #connect(): void {
    const socket = tls.connect({
      ...this.#common,
      ecdhCurve: GROUPS,
      secureOptions: WITHOUT_RENEGOTIATION_INFO,
      socket: this.#stream,
      // Both verdicts are read in #verify: node's own on the chain, verifyPeer's on the name. EAP has no host name.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      // A profile may trust a company's issuing CA and not the root above it, for the gateway and so for the server in EAP.
      allowPartialTrustChain: true,
      requestOCSP: this.#options.askForStaple === true,
    });
    // Without a response node hands out null.
    socket.once('OCSPResponse', (response: Buffer | null) => {
      if (response !== null && response.length > 0) this.#stapled = Uint8Array.from(response);
    });
    socket.once('secureConnect', () => this.#secure());
    this.#attach(socket);
  }

  #accept(): void {
    const server = tls.createServer({
      ...this.#common,
      requestCert: this.#open.method === EapType.TLS,
      rejectUnauthorized: false,
    });
    server.once('secureConnection', (socket) => {
      this.#attach(socket);
      this.#secure();
    });
    server.once('tlsClientError', (error) => this.#fail(socketFailure(error)));
    // It never listens: the connection is this stream.
    server.emit('connection', this.#stream);
  }

  #attach(socket: tls.TLSSocket): void {
    this.#socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#stream.note();
      this.#application.push(data);
    });
    socket.on('error', (error) => this.#fail(socketFailure(error)));
    socket.on('end', () => this.#stream.note());
  }

  #secure(): void {
    this.#stream.note();
    this.#state = 'secure';
  }

  #fail(failure: TlsFailure): void {
    this.#stream.note();
    this.#failure ??= failure;
    this.#state = 'failed';
  }

  /** The handshake is over: is it the right one at the other end? */
  async #verify(): Promise<TlsOpened | TlsFailure> {
    const socket = this.#socket;
    if (socket === undefined) throw new Error('secure without a socket');
    const certificate = socket.getPeerCertificate(true);
    const chain = chainOf(certificate);
    const failure = await this.#verdict(socket, certificate, chain);
    if (failure !== undefined) return failure;
    this.#state = 'open';
    const version = socket.getProtocol() as TlsVersion;
    const exported = this.#open.exports.map(({ length, upTo12, from13 }) =>
      Uint8Array.from(
        version === 'TLSv1.3'
          ? socket.exportKeyingMaterial(length, from13.label, Buffer.from(from13.context))
          : exportWithoutContext(socket, length, upTo12.label),
      ),
    );
    return { version, exported, chain };
  }

  async #verdict(
    socket: tls.TLSSocket,
    certificate: tls.PeerCertificate,
    chain: readonly Uint8Array[],
  ): Promise<TlsFailure | undefined> {
    // A server of TTLS or PEAP asks for no certificate and gets none.
    if (this.#open.role === 'server' && this.#open.method !== EapType.TLS) return undefined;
    if (!socket.authorized) {
      // The declared type is Error; what is there is OpenSSL's code.
      return chainFailure(String(socket.authorizationError), namesOf(certificate));
    }
    const stapled = this.#stapled;
    return this.#options.verifyPeer({ chain, certificate, ...(stapled === undefined ? {} : { stapled }) });
  }
}

/** RFC 5705 without a context, which is not the same as an empty one up to TLS 1.2; the declaration wants one. */
const exportWithoutContext = (socket: tls.TLSSocket, length: number, label: string): Buffer =>
  (socket.exportKeyingMaterial as (length: number, label: string) => Buffer).call(socket, length, label);

function chainOf(certificate: tls.DetailedPeerCertificate): Uint8Array[] {
  const chain: Uint8Array[] = [];
  // Without a certificate node hands out an empty object; at the root the issuer is the certificate itself.
  let next: tls.DetailedPeerCertificate | undefined = certificate;
  for (let last: unknown; next?.raw !== undefined && next !== last; next = next.issuerCertificate) {
    chain.push(Uint8Array.from(next.raw));
    last = next;
  }
  return chain;
}

const namesOf = ({ subject, issuer }: tls.PeerCertificate): CertificateNames => ({
  subject: formatName(subject),
  issuer: formatName(issuer),
});

/** `CN=aaa.example, O=Example`. */
const formatName = (name: tls.Certificate | undefined): string =>
  Object.entries(name ?? {})
    .map(([key, value]) => `${key}=${[value].flat().join('+')}`)
    .join(', ');
