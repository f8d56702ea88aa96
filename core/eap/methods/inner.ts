/** The EAP conversation inside a tunnel, turned into steps of its phase: shared by the two halves of TTLS and PEAP. */
import { EMPTY } from '#core/bytes/bytes.ts';
import type { EapAuthenticatorOutput } from '../authenticator.ts';
import type { EapKeys } from '../method.ts';
import type { EapPeerOutput } from '../peer.ts';
import type { AuthenticatorPhaseStep, PhaseStep } from './tunnel.ts';

/** `wrap` puts an inner packet into what the tunnel carries. */
export function peerStep(output: EapPeerOutput, wrap: (packet: Uint8Array) => Uint8Array): PhaseStep {
  switch (output.kind) {
    case 'send': {
      const { packet, notice } = output;
      return { do: 'write', data: wrap(packet), ...(notice === undefined ? {} : { notice }) };
    }
    case 'ask':
      return { do: 'ask', question: output.question };
    case 'failed':
      return { do: 'fail', failure: output.failure };
    // The end of the inner conversation has no answer; the outer one goes on.
    default:
      return { do: 'write', data: EMPTY };
  }
}

/** `finished` says what follows the inner success: an outer one, or a result inside the tunnel first. */
export function authenticatorStep(
  output: EapAuthenticatorOutput,
  wrap: (packet: Uint8Array) => Uint8Array,
  finished: (keys: EapKeys) => AuthenticatorPhaseStep,
): AuthenticatorPhaseStep {
  switch (output.kind) {
    case 'send':
      return { do: 'write', data: wrap(output.packet) };
    case 'ask':
      return { do: 'ask', question: output.question };
    case 'finished':
      return finished(output.keys);
    default:
      return { do: 'fail', failure: output.failure };
  }
}
