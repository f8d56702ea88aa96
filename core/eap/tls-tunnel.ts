/**
 * The TLS engine as EAP sees it (RFC 5216 §2.1, RFC 9190): a question with the records that came, an answer with the
 * records to send. core/ holds no TLS; helper/tls/tls-tunnel.ts answers with node:tls.
 */
import type { TlsFailure } from './failure.ts';

/** What to derive once the tunnel is open, by version: RFC 5705 without a context up to TLS 1.2, RFC 8446 §7.5 after. */
export interface TlsExport {
  readonly length: number;
  readonly upTo12: { readonly label: string };
  readonly from13: { readonly label: string; readonly context: Uint8Array };
}

/** What a new tunnel is for. Certificates, trust, versions and the server's name are known to whoever answers. */
export interface TlsOpen {
  readonly role: 'client' | 'server';
  /** EAP Type that carries the tunnel (13 TLS, 21 TTLS, 25 PEAP): a client certificate belongs to TLS. */
  readonly method: number;
  readonly exports: readonly TlsExport[];
}

export interface TlsRequest {
  /** 1 is the tunnel of the outer method, 2 that of EAP-TLS inside it. */
  readonly tunnel: number;
  /** In the first request only: make the tunnel. */
  readonly open?: TlsOpen;
  /** Records of the other end, maybe none. */
  readonly input: Uint8Array;
  /** Application data to protect after `input` was read, maybe none. */
  readonly write: Uint8Array;
}

export interface TlsOpened {
  readonly version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** One a row of TlsOpen.exports. */
  readonly exported: readonly Uint8Array[];
  /** Certificates of the other end in DER, its own first; empty where it showed none. */
  readonly chain: readonly Uint8Array[];
}

export interface TlsReply {
  /** Records for the other end, maybe none. */
  readonly output: Uint8Array;
  /** Application data that came, maybe none. */
  readonly application: Uint8Array;
  /** In the reply with which the handshake is done and the other end's certificate accepted, once. */
  readonly opened?: TlsOpened;
  /** The tunnel is lost; `output` may hold an alert that still has to go out. */
  readonly failure?: TlsFailure;
}
