/**
 * Why a tunnel is not up: one union for the engine, the helper, the CLI, the interface and the log. A case carries
 * its own data (what the peer said, what we wanted, what was offered); explain.ts turns it into sentences.
 */
import { z } from 'zod';
import { chainFaultSchema } from '#core/pki/verdict.ts';

/** `message` is what the server says to people about it. */
const message = z.string().optional();

const endpoint = z.object({ address: z.string(), port: z.number() });

export const failureSchema = z.discriminatedUnion('cause', [
  /**
   * Nothing came back. `tried` lists every address and port that was sent to; `closed` those of them where a machine says
   * that nobody listens (ICMP port unreachable: a hint, since anybody can write one).
   */
  z.object({
    cause: z.literal('no-answer'),
    exchange: z.string(),
    tried: z.array(endpoint),
    attempts: z.number(),
    closed: z.array(endpoint).optional(),
  }),
  /** The peer answered earlier and then fell silent. */
  z.object({ cause: z.literal('peer-dead'), lastSeenSecAgo: z.number() }),
  z.object({
    cause: z.literal('name-not-resolved'),
    host: z.string(),
    detail: z.string(),
    /** Lockdown is on, and keeps name servers out of reach. */
    lockdown: z.literal(true).optional(),
  }),
  z.object({ cause: z.literal('network-unreachable'), address: z.string(), detail: z.string() }),
  /**
   * `wanted` and `offered` in proposal keywords. `offered` is empty where the peer says no more than no. `missing`: the
   * fewest keywords that, added to one of `wanted`, would match. `narrowed`: we have more that is sound than `wanted`.
   */
  z.object({
    cause: z.literal('no-proposal'),
    protocol: z.enum(['IKE', 'ESP']),
    saidBy: z.enum(['peer', 'us']),
    wanted: z.array(z.string()),
    offered: z.array(z.string()),
    missing: z.array(z.string()).optional(),
    narrowed: z.boolean().optional(),
  }),
  /** The peer insists on a group that the profile does not allow, or asks in a circle. */
  z.object({ cause: z.literal('invalid-ke'), wanted: z.array(z.string()), asked: z.string() }),
  /** The peer refused our proof of identity (AUTHENTICATION_FAILED). */
  z.object({
    cause: z.literal('authentication-refused'),
    method: z.string(),
    localId: z.string(),
    remoteId: z.string().optional(),
    /** Of our certificate, where the peer asked for certificates of other CAs. */
    issuer: z.string().optional(),
    /** Until when our certificate was valid, in ms since 1970, where that is past. */
    expiredAt: z.number().optional(),
    /** EAP had come to its end by then. */
    afterLogin: z.boolean().optional(),
    /** A post-quantum pre-shared key was part of the proof (RFC 8784). */
    ppk: z.boolean().optional(),
  }),
  /** The peer's proof does not verify: another pre-shared key, or an impostor. `detail` is what is wrong with a signature. */
  z.object({
    cause: z.literal('peer-authentication-failed'),
    method: z.string(),
    remoteId: z.string(),
    detail: z.string().optional(),
  }),
  /** The gateway's certificate or its chain. */
  z.object({
    cause: z.literal('certificate-rejected'),
    remoteId: z.string(),
    fault: chainFaultSchema,
  }),
  /** Our own certificate cannot be used: no key, a key that does not fit, nothing that the gateway takes. */
  z.object({ cause: z.literal('certificate-unusable'), detail: z.string() }),
  /** The certificate of the server inside EAP; `expected` and `names` with `wrong-name`. */
  z.object({
    cause: z.literal('tls-certificate-rejected'),
    method: z.string(),
    reason: z.enum([
      'untrusted',
      'expired',
      'not-yet-valid',
      'revoked',
      'revocation-unknown',
      'wrong-usage',
      'wrong-name',
    ]),
    subject: z.string(),
    detail: z.string(),
    expected: z.string().optional(),
    names: z.array(z.string()).optional(),
  }),
  /** TLS inside EAP ended: by an alert of the server, or by us. */
  z.object({
    cause: z.literal('tls-failed'),
    method: z.string(),
    detail: z.string(),
    saidBy: z.enum(['peer', 'us']),
  }),
  z.object({ cause: z.literal('wrong-password'), method: z.string(), user: z.string(), message }),
  z.object({
    cause: z.literal('account-restricted'),
    restriction: z.enum(['logon-hours', 'disabled', 'no-dialin']),
    user: z.string(),
    message,
  }),
  z.object({ cause: z.literal('password-expired'), user: z.string(), message }),
  /** The server did not take the new password. */
  z.object({ cause: z.literal('password-not-changed'), user: z.string(), message }),
  /** `offered` by one end, `wanted` by the other: nothing in common. */
  z.object({
    cause: z.literal('eap-method-refused'),
    offered: z.array(z.string()),
    wanted: z.array(z.string()),
  }),
  /** EAP-Failure, and nothing says why. */
  z.object({ cause: z.literal('eap-refused'), method: z.string().optional(), message }),
  /** The server inside EAP cannot prove that it knows the password. */
  z.object({ cause: z.literal('eap-server-unproven'), method: z.string(), detail: z.string() }),
  /** EAP-Success although no method had done its work. */
  z.object({ cause: z.literal('eap-premature-success'), method: z.string().optional() }),
  /** The gateway does not know RFC 4739. */
  z.object({ cause: z.literal('second-authentication-unsupported') }),
  /** The profile insists on a post-quantum pre-shared key (RFC 8784), and the gateway has none. */
  z.object({ cause: z.literal('ppk-unsupported') }),
  /** The gateway has such keys, and went on without ours. */
  z.object({ cause: z.literal('ppk-declined') }),
  /** Our address has changed, and the gateway does not know MOBIKE (RFC 4555). */
  z.object({ cause: z.literal('roaming-unsupported') }),
  z.object({ cause: z.literal('identity-mismatch'), expected: z.string(), presented: z.string() }),
  z.object({
    cause: z.literal('ts-unacceptable'),
    saidBy: z.enum(['peer', 'us']),
    local: z.array(z.string()),
    remote: z.array(z.string()),
  }),
  /** INTERNAL_ADDRESS_FAILURE, or no address where one was asked for. */
  z.object({ cause: z.literal('no-address'), asked: z.array(z.string()) }),
  /** The peer closed the SA itself. */
  z.object({ cause: z.literal('closed-by-peer'), detail: z.string() }),
  /** A message that was authentic but broke the protocol. */
  z.object({ cause: z.literal('protocol-error'), detail: z.string(), sentBy: z.enum(['peer', 'us']) }),
  /** An error notify that has no case of its own. */
  z.object({ cause: z.literal('peer-error'), notify: z.string(), code: z.number(), exchange: z.string() }),
  /** A secret the profile needs is not stored and nobody could be asked. */
  z.object({ cause: z.literal('secret-missing'), what: z.string() }),
  /** The system refused something the tunnel needs; `remedy` is the one thing to do. */
  z.object({ cause: z.literal('system'), what: z.string(), detail: z.string(), remedy: z.string() }),
  z.object({ cause: z.literal('timeout'), seconds: z.number() }),
  /** The gateway sends us elsewhere (RFC 5685), and the profile does not permit that gateway. */
  z.object({ cause: z.literal('redirect-refused'), from: z.string(), to: z.string() }),
  /** Gateways send us round and round: `seen` in their order, the last one is where we did not go. */
  z.object({ cause: z.literal('redirect-loop'), seen: z.array(z.string()) }),
  /** The IKE SA reached its hard lifetime without a successor. */
  z.object({ cause: z.literal('expired'), lifetimeSec: z.number() }),
]);

export type Failure = z.infer<typeof failureSchema>;
