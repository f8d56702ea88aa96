/**
 * The numbers of the contract, apart from its schemas so that a client can start without loading the validator.
 * contract.ts hands them on; cli/client.ts reads them here.
 */

/** Additions raise `minor`; a helper and a client of different `major` refuse each other. */
export const PROTOCOL = { major: 1, minor: 5 } as const;

/** Refusals of the contract itself, as JSON-RPC error codes. */
export const ERROR_CODES = {
  protocol: -32001,
  notFound: -32002,
  forbidden: -32003,
  busy: -32004,
  refused: -32005,
  parse: -32700,
  unknownCall: -32601,
  invalidParams: -32602,
  internal: -32603,
} as const;
