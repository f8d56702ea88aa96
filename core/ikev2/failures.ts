/**
 * From what went wrong on the wire to the Failure that people see: one row for each error notify whose meaning
 * deserves its own case (RFC 7296 §3.10.1). Tasks and connection.ts call it.
 */
import { defaultEspProposals, defaultIkeProposals } from '#core/crypto/defaults.ts';
import { formatTransforms } from '#core/crypto/keywords.ts';
import type { Failure } from '#core/failure/failure.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import { formatTrafficSelector, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import { ExchangeType, exchangeTypes } from '#core/registry/exchange-types.ts';
import { NotifyType, notifyTypes } from '#core/registry/notify-types.ts';
import { SecurityProtocol } from '#core/registry/security-protocols.ts';
import type { ConnectionConfig } from './connection-types.ts';
import type { IkeSa } from './ike-sa.ts';
import { lacksAny, nearestChange } from './nearest-proposal.ts';

const BEFORE_AUTH: ReadonlySet<number> = new Set([ExchangeType.IKE_SA_INIT, ExchangeType.IKE_INTERMEDIATE]);

const keywordsOf = (proposals: readonly Proposal[]): string[] =>
  proposals.map(({ transforms, protocol }) =>
    formatTransforms(transforms, protocol === SecurityProtocol.IKE ? 'IKE' : 'ESP'),
  );

const selectorTexts = (selectors: readonly TrafficSelector[]): string[] =>
  selectors.map((selector) => formatTrafficSelector(selector));

export const protocolError = (detail: string): Failure => ({
  cause: 'protocol-error',
  detail,
  sentBy: 'peer',
});

export function noProposal(
  config: ConnectionConfig,
  protocol: 'IKE' | 'ESP',
  saidBy: 'peer' | 'us',
  offered: readonly Proposal[] = [],
): Failure {
  const ours = protocol === 'IKE' ? config.proposals : config.child.proposals;
  const sound = protocol === 'IKE' ? defaultIkeProposals() : defaultEspProposals();
  const missing = nearestChange(ours, offered);
  return {
    cause: 'no-proposal',
    protocol,
    saidBy,
    wanted: keywordsOf(ours),
    offered: keywordsOf(offered),
    ...(missing === undefined ? (lacksAny(ours, sound) ? { narrowed: true } : {}) : { missing }),
  };
}

export function tsUnacceptable(
  saidBy: 'peer' | 'us',
  local: readonly TrafficSelector[],
  remote: readonly TrafficSelector[],
): Failure {
  return {
    cause: 'ts-unacceptable',
    saidBy,
    local: selectorTexts(local),
    remote: selectorTexts(remote),
  };
}

export function noAddress(config: ConnectionConfig): Failure {
  const asked = config.role === 'initiator' ? config.request : undefined;
  return {
    cause: 'no-address',
    asked: [...(asked?.ip4 === true ? ['IPv4'] : []), ...(asked?.ip6 === true ? ['IPv6'] : [])],
  };
}

function authenticationRefused(config: ConnectionConfig): Failure {
  const expected = config.role === 'initiator' ? config.remoteId : undefined;
  return {
    cause: 'authentication-refused',
    method:
      (config.role === 'initiator' ? config.authentication.method : config.remoteAuthentication?.method) ??
      'psk',
    localId: formatIdentification(config.localId),
    ...(expected === undefined ? {} : { remoteId: formatIdentification(expected) }),
  };
}

const MEANINGS: ReadonlyMap<number, (config: ConnectionConfig, exchange: number) => Failure> = new Map([
  [
    NotifyType.NO_PROPOSAL_CHOSEN,
    // Before IKE_AUTH it speaks of the IKE SA, from then on of a Child SA.
    (config: ConnectionConfig, exchange: number): Failure =>
      noProposal(config, BEFORE_AUTH.has(exchange) ? 'IKE' : 'ESP', 'peer'),
  ],
  [NotifyType.AUTHENTICATION_FAILED, authenticationRefused],
  [
    NotifyType.TS_UNACCEPTABLE,
    ({ child }: ConnectionConfig): Failure => tsUnacceptable('peer', child.localTs, child.remoteTs),
  ],
  [NotifyType.INTERNAL_ADDRESS_FAILURE, noAddress],
]);

/** What an error notify of the peer means for us. */
export function failureOfNotify(type: number, config: ConnectionConfig, exchange: number): Failure {
  return (
    MEANINGS.get(type)?.(config, exchange) ?? {
      cause: 'peer-error',
      notify: notifyTypes.nameOf(type),
      code: type,
      exchange: exchangeTypes.nameOf(exchange),
    }
  );
}

/** The same for our own proof, with the hint that the peer's CERTREQ gave, and whether a PPK was in it. */
export function refusalOf(sa: IkeSa, type: number, exchange: number): Failure {
  const failure = failureOfNotify(type, sa.config, exchange);
  if (failure.cause !== 'authentication-refused') return failure;
  return {
    ...failure,
    ...(sa.unaskedIssuer === undefined ? {} : { issuer: sa.unaskedIssuer }),
    ...(sa.ppk === 'proposed' ? { ppk: true } : {}),
  };
}
