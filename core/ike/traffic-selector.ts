/** Which packets an SA carries: address range, protocol, ports (RFC 7296 §2.9 and §3.13.1). */
import type { IpAddress } from '#core/net/address.ts';

export interface TrafficSelector {
  /** IP protocol; 0 is any. */
  readonly protocol: number;
  /** 0..65535. For ICMP type and code stand here (RFC 4301 §4.4.1.1). OPAQUE is 65535..0. */
  readonly startPort: number;
  readonly endPort: number;
  /** First and last address, of one family. */
  readonly start: IpAddress;
  readonly end: IpAddress;
}
