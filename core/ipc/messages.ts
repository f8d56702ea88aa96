/**
 * The envelopes that travel in frames: JSON-RPC 2.0, with numbers as ids and no batches. helper/ipc reads
 * requests, clients read the rest; what `method`, `params` and `result` may be stands in contract.ts.
 *
 *     client -> helper: request `hello`          first, within 2 s; anything else before it ends the connection
 *     helper -> client: response | error         one for each request, matched by id
 *     helper -> client: notification `event`     contract.ts `eventSchema`, after `events.subscribe`
 */
import { z } from 'zod';
import { eventSchema } from '#core/ipc/contract.ts';

const jsonrpc = z.literal('2.0');
/** Chosen by the client, unique among its requests that wait. */
const id = z.int().nonnegative();

export const requestSchema = z.strictObject({
  jsonrpc,
  id,
  method: z.string().min(1).max(64),
  params: z.unknown().optional(),
});
export type Request = z.infer<typeof requestSchema>;

const responseSchema = z.object({ jsonrpc, id, result: z.unknown() });
export type Response = z.infer<typeof responseSchema>;

/** `id` is null where the request was too broken to have one. */
const errorResponseSchema = z.object({
  jsonrpc,
  id: id.nullable(),
  error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }),
});
export type ErrorResponse = z.infer<typeof errorResponseSchema>;

const notificationSchema = z.object({ jsonrpc, method: z.literal('event'), params: eventSchema });
export type Notification = z.infer<typeof notificationSchema>;

/** Whatever a helper may send. */
export const fromHelperSchema = z.union([notificationSchema, errorResponseSchema, responseSchema]);
export type FromHelper = z.infer<typeof fromHelperSchema>;

/** The first call of every connection. A helper of another major answers with ERROR_CODES.protocol and closes. */
export const hello = {
  method: 'hello',
  params: z.object({
    major: z.int().nonnegative(),
    minor: z.int().nonnegative(),
    /** Who calls, for the helper's log: `adit 0.1.0`. */
    client: z.string().max(64).optional(),
  }),
  result: z.object({
    major: z.int().nonnegative(),
    minor: z.int().nonnegative(),
    /** `aditd 0.1.0` */
    helper: z.string(),
  }),
} as const;
export type HelloParams = z.infer<typeof hello.params>;
export type HelloResult = z.infer<typeof hello.result>;
