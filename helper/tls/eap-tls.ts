/**
 * Answers the `tls` questions of one EAP conversation: keeps its tunnels, the outer one and that of EAP-TLS inside it. The
 * tunnel of the helper makes one for each attempt to connect and closes it at its end.
 */
import type { EapAnswer } from '#core/eap/question.ts';
import type { TlsRequest } from '#core/eap/tls-tunnel.ts';
import { TlsTunnel, type TlsTunnelOptions } from './tls-tunnel.ts';

export class EapTls implements Disposable {
  readonly #options: TlsTunnelOptions;
  readonly #tunnels = new Map<number, TlsTunnel>();

  constructor(options: TlsTunnelOptions) {
    this.#options = options;
  }

  /** One question at a time, as the engine asks them. */
  async answer(request: TlsRequest): Promise<EapAnswer> {
    if (request.open !== undefined) {
      this.#tunnels.get(request.tunnel)?.close();
      this.#tunnels.set(request.tunnel, new TlsTunnel(request.open, this.#options));
    }
    const tunnel = this.#tunnels.get(request.tunnel);
    if (tunnel === undefined) throw new Error(`tunnel ${request.tunnel} was never opened`);
    return { kind: 'tls', reply: await tunnel.step(request) };
  }

  [Symbol.dispose](): void {
    for (const tunnel of this.#tunnels.values()) tunnel.close();
    this.#tunnels.clear();
  }
}
