/**
 * What a datagram on a UDP socket is: IKE, ESP or a keepalive. The rule stands in data-plane.ts; the fake data plane
 * follows it here, and src/udp.cc is the twin. RFC 3948 §2, RFC 7296 §2.23.
 */
const IKE_PORT = 500;
const MARKER_BYTES = 4;
const IKE_HEADER_BYTES = 28;
const ESP_HEADER_BYTES = 8;
const KEEPALIVE = 0xff;

export type Classified =
  | { readonly kind: 'ike' | 'esp'; readonly bytes: Uint8Array }
  | { readonly kind: 'keepalive' | 'runt' };

/** Whether IKE between these ports travels without the non-ESP marker. */
export function withoutMarker(localPort: number, remotePort: number): boolean {
  return localPort === IKE_PORT || remotePort === IKE_PORT;
}

/** What came to `localPort` from `remotePort`; IKE without its marker. */
export function classify(datagram: Uint8Array, localPort: number, remotePort: number): Classified {
  if (datagram.length === 1 && datagram[0] === KEEPALIVE) return { kind: 'keepalive' };
  if (withoutMarker(localPort, remotePort)) return ike(datagram);
  if (datagram.length < ESP_HEADER_BYTES) return { kind: 'runt' };
  const marked = datagram.subarray(0, MARKER_BYTES).every((octet) => octet === 0);
  return marked ? ike(datagram.subarray(MARKER_BYTES)) : { kind: 'esp', bytes: datagram };
}

const ike = (bytes: Uint8Array): Classified =>
  bytes.length < IKE_HEADER_BYTES ? { kind: 'runt' } : { kind: 'ike', bytes };

/** The datagram that carries an IKE message between these ports. */
export function frameIke(message: Uint8Array, localPort: number, remotePort: number): Uint8Array {
  if (withoutMarker(localPort, remotePort)) return message.slice();
  const framed = new Uint8Array(MARKER_BYTES + message.length);
  framed.set(message, MARKER_BYTES);
  return framed;
}
