/**
 * The contract between the helper and its clients (cli/, electron/): one table of calls and one of topics. Types,
 * validation, permissions and the helper's dispatch are derived from it. Framing: frame.ts. Bounds: SECURITY in docs/.
 * Additions only within a major version.
 */
import { z } from 'zod';
import { failureSchema } from '#core/failure/failure.ts';
import { certificateEntrySchema, exportedSchema, exportFormat } from '#core/ipc/profile-calls.ts';
import { reportEntrySchema } from '#core/profile/profile.ts';

export { ERROR_CODES, PROTOCOL } from '#core/ipc/protocol.ts';

/** `read` sees state; `operate` drives one's own tunnels and profiles; `admin` also those of others and for all. */
export type Permission = 'read' | 'operate' | 'admin';

export const profileId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and "-"');
const endpoint = z.object({ address: z.string(), port: z.number() });
/** 64-bit counters travel as decimal text where they may exceed 2^53; the CLI prints numbers. */
const count = z.number().int().nonnegative();
/** Wall-clock time, ISO 8601. */
const time = z.iso.datetime();

export const tunnelStateSchema = z.enum([
  'disconnected',
  'connecting',
  'connected',
  'reconnecting',
  'disconnecting',
  'failed',
]);
export type TunnelState = z.infer<typeof tunnelStateSchema>;

const childStatusSchema = z.object({
  /** As the profile names it. Since 1.2. */
  name: z.string(),
  spiIn: z.string(),
  spiOut: z.string(),
  protocol: z.enum(['ESP']),
  mode: z.enum(['tunnel']),
  /** In UDP (RFC 3948), else as IP protocol 50. Absent from helpers that always did the first. */
  encapsulated: z.boolean().optional(),
  suite: z.string(),
  localTs: z.array(z.string()),
  remoteTs: z.array(z.string()),
  bytesIn: count,
  bytesOut: count,
  packetsIn: count,
  packetsOut: count,
  replayDrops: count,
  authFailures: count,
  selectorDrops: count,
  rekeyAt: time.optional(),
  expiresAt: time.optional(),
  /** Rekeying begins, and the SA ends, when either direction has carried so much. Since 1.2. */
  rekeyAtBytes: count.optional(),
  limitBytes: count.optional(),
  rekeyAtPackets: count.optional(),
  limitPackets: count.optional(),
});

/** An SA that is no more; never its keys. */
const discardedSchema = z.object({
  kind: z.enum(['ike', 'child']),
  /** As `ike.spiI` and `children.spiIn` show it: what we chose for it. */
  spi: z.string(),
  at: time,
  why: z.string(),
});
export type Discarded = z.infer<typeof discardedSchema>;

/** What only a person knows, while a tunnel connects; `tunnel.answer` answers it. */
const tunnelQuestionSchema = z.object({
  /** Names the question in the answer; another one has another id. */
  id: count,
  kind: z.enum([
    'user',
    'password',
    'one-time-code',
    'new-password',
    'pkcs12-password',
    'private-key-password',
  ]),
  /** What to show; may hold text of the gateway. */
  prompt: z.string(),
  user: z.string().optional(),
  /** The last answer was wrong. */
  retry: z.boolean(),
});
export type TunnelQuestion = z.infer<typeof tunnelQuestionSchema>;

/** What keeps a recording of today's traffic closed to a quantum computer: a key exchange (RFC 9370), a shared key (RFC 8784). */
export const postQuantumSchema = z.enum(['ml-kem', 'ppk']);
export type PostQuantum = z.infer<typeof postQuantumSchema>;

/** One entry of `status`; every key is always there, null or empty where nothing is known. */
export const tunnelStatusSchema = z.object({
  profile: z.object({ id: profileId, name: z.string() }),
  state: tunnelStateSchema,
  since: time,
  /** What happens right now in a state that takes time: `IKE_AUTH with 203.0.113.1:4500`. */
  step: z.string().nullable(),
  gateway: endpoint.extend({ id: z.string().nullable() }).nullable(),
  virtualIps: z.array(z.string()),
  dns: z.object({
    servers: z.array(z.string()),
    domains: z.array(z.string()),
    backend: z.string().nullable(),
  }),
  nat: z.object({ local: z.boolean(), remote: z.boolean() }).nullable(),
  interface: z.object({ name: z.string(), mtu: z.number() }).nullable(),
  ike: z
    .object({
      version: z.literal(2),
      spiI: z.string(),
      spiR: z.string(),
      suite: z.string(),
      weak: z.array(z.string()),
      rekeyAt: time.nullable(),
      expiresAt: time.nullable(),
      /** When a new login takes the place of this one, as the gateway demands (RFC 4478). Since 1.2. */
      reauthenticateAt: time.nullable(),
    })
    .nullable(),
  /** What is in the keys of the IKE SA that stands, and of all that descend from it; absent without one. Since 1.5. */
  postQuantum: z.array(postQuantumSchema).optional(),
  children: z.array(childStatusSchema),
  /** Octets through all its Child SAs since it was brought up, also through those that are gone; absent where it is down. */
  carried: z.object({ bytesIn: count, bytesOut: count }).optional(),
  question: tunnelQuestionSchema.nullable(),
  failure: failureSchema.nullable(),
  /**
   * In state `reconnecting`: which try since the tunnel was last connected, when the next begins (null while one is under
   * way), and why the last one failed. Since 1.2, like all that follows.
   */
  reconnect: z.object({ attempt: count, nextAt: time.nullable(), why: failureSchema.nullable() }).nullable(),
  /** When the gateway last proved that it lives, and after how much silence it counts as dead. */
  liveness: z.object({ lastProof: time.nullable(), deadAfterSec: count }).nullable(),
  path: z.object({ local: endpoint, remote: endpoint, mobike: z.boolean() }).nullable(),
  /** Why the last connection ended, also while there is another: `why` is a sentence. */
  lastEnd: z.object({ at: time, why: z.string(), failure: failureSchema.nullable() }).nullable(),
  /** The last 16, the oldest first. */
  discarded: z.array(discardedSchema),
});
export type TunnelStatus = z.infer<typeof tunnelStatusSchema>;

/** Nothing leaves this machine but what tunnels carry, for all its users. Since 1.4. */
export const lockdownSchema = z.object({
  on: z.boolean(),
  /** Private addresses of the local network are within reach all the same. */
  lan: z.boolean(),
  /** An administrator switched it on: nobody else changes it. */
  byAdmin: z.boolean(),
  /** Why not all of it is in force although it is on, a sentence; null where it is. */
  fault: z.string().nullable(),
});
export type LockdownStatus = z.infer<typeof lockdownSchema>;

export const statusSchema = z.object({
  tunnels: z.array(tunnelStatusSchema),
  /** Absent from helpers that have none. Since 1.4. */
  lockdown: lockdownSchema.optional(),
});
export type Status = z.infer<typeof statusSchema>;

export const profileSummarySchema = z.object({
  id: profileId,
  name: z.string(),
  gateway: z.string(),
  owner: z.number(),
  forAll: z.boolean(),
  /** Secrets that are stored, by name, never by value. */
  storedSecrets: z.array(z.string()),
  missingSecrets: z.array(z.string()),
  /** Another one whenever the profile is another; secrets apart. Since 1.2. */
  revision: z.string().optional(),
});
export type ProfileSummary = z.infer<typeof profileSummarySchema>;

/** The gravest first. */
export const logLevelSchema = z.enum(['error', 'warn', 'info', 'debug']);

export const logEntrySchema = z.object({
  time,
  level: logLevelSchema,
  subsystem: z.string(),
  message: z.string(),
  profile: z.string().optional(),
});
export type LogEntry = z.infer<typeof logEntrySchema>;

/** About this helper, for people who look for a fault. Since 1.2. */
const helperInfoSchema = z.object({
  /** `aditd 0.1.0` */
  helper: z.string(),
  protocol: z.object({ major: z.int(), minor: z.int() }),
  node: z.string(),
  /** `linux x64` */
  platform: z.string(),
  /** `Linux 6.8.0-31-generic` */
  kernel: z.string(),
  since: time,
  stateDir: z.string(),
  /** What the data planes of the tunnels that are up use of this kernel; null while none is up. */
  dataPlane: z.array(z.string()).nullable(),
});
export type HelperInfo = z.infer<typeof helperInfoSchema>;

export const doctorCheckSchema = z.object({
  check: z.string(),
  ok: z.boolean(),
  found: z.string(),
  remedy: z.string().optional(),
});

/** base64 */
const secret = z.base64().min(4).max(4096);
const secretOrEmpty = z.base64().max(4096);

/** What an import may be given to keep with a profile. */
const given = {
  /** base64 of a pre-shared key to store with it. */
  psk: secret.optional(),
  /** base64 of a post-quantum pre-shared key (RFC 8784) to store with it. Since 1.5. */
  ppk: secret.optional(),
  /** base64 of the EAP password in UTF-8, to store with it. */
  password: secret.optional(),
  /** base64 of the password in UTF-8 that opens the PKCS#12 file, which is then kept open. */
  p12Password: secretOrEmpty.optional(),
  /** base64 of the password in UTF-8 that opens the private key, which is then kept open. Since 1.2. */
  privateKeyPassword: secret.optional(),
  /** For a profile that logs in with a user name; in place of what the file says. Since 1.2. */
  user: z.string().min(1).max(256).optional(),
};

const nothing = z.strictObject({});
const topic = z.enum(['status', 'log', 'profiles']);
const accepted = z.object({ accepted: z.literal(true) });

function call<P extends z.ZodType, R extends z.ZodType>(permission: Permission, params: P, result: R) {
  return { permission, params, result };
}

export const calls = {
  'status.get': call('read', nothing, statusSchema),
  /** By id, as many as fit a frame; where `next` is there, call again with it as `after` (since 1.2). */
  'profiles.list': call(
    'read',
    z.strictObject({ after: profileId.optional() }),
    z.object({ profiles: z.array(profileSummarySchema), next: profileId.optional() }),
  ),
  /** The profile as its file would be, without secrets. */
  'profiles.get': call(
    'read',
    z.strictObject({ id: profileId }),
    z.object({ summary: profileSummarySchema, profile: z.unknown() }),
  ),
  /**
   * Octets of files, never their paths. With `dryRun` nothing is stored and `id` is null. Where something given is wrong
   * (a password that opens nothing), it is refused with `data` (refusalDataSchema) that names it: `p12Password`, or
   * `each.2.p12Password`.
   */
  'profiles.import': call(
    'operate',
    z.strictObject({
      files: z
        .array(z.strictObject({ name: z.string().max(255), content: z.base64() }))
        .min(1)
        .max(8),
      name: z.string().min(1).max(128).optional(),
      /** Of the one profile that the files hold. */
      ...given,
      /** Of every profile that the files hold, in the order of the answer; in place of the six above. Since 1.2. */
      each: z.array(z.strictObject(given)).max(64).optional(),
      dryRun: z.boolean().default(false),
      forAll: z.boolean().default(false),
    }),
    z.object({
      imported: z.array(
        z.object({
          id: profileId.nullable(),
          name: z.string(),
          report: z.array(reportEntrySchema),
          missingSecrets: z.array(z.string()),
        }),
      ),
    }),
  ),
  'profiles.setSecret': call(
    'operate',
    z
      .strictObject({
        id: profileId,
        psk: secret.optional(),
        /** Since 1.5. */
        ppk: secret.optional(),
        password: secret.optional(),
        p12Password: secretOrEmpty.optional(),
        privateKeyPassword: secret.optional(),
      })
      .refine((params) => Object.keys(params).length === 2, 'exactly one secret is set at a time'),
    nothing,
  ),
  /**
   * Puts `profile` in the place of what is stored, secrets apart. Refused with `data` (refusalDataSchema) where it is
   * no profile, and where the profile's revision is not `baseRevision` any more. A running tunnel keeps its settings
   * until it connects again. Since 1.2.
   */
  'profiles.update': call(
    'operate',
    z.strictObject({ id: profileId, profile: z.unknown(), baseRevision: z.string().max(64).optional() }),
    z.object({ summary: profileSummarySchema, appliesAt: z.enum(['now', 'next-connection']) }),
  ),
  /** Only what can be given again: a private key goes with its profile. Since 1.2. */
  'profiles.forgetSecret': call(
    'operate',
    z.strictObject({
      id: profileId,
      /** `ppk` since 1.5. */
      which: z.enum(['psk', 'ppk', 'password', 'pkcs12Password', 'privateKeyPassword']),
    }),
    nothing,
  ),
  /** Since 1.2. */
  'profiles.certificates': call(
    'read',
    z.strictObject({ id: profileId }),
    z.object({ certificates: z.array(certificateEntrySchema) }),
  ),
  /** Since 1.2. */
  'profiles.export': call(
    'read',
    z.strictObject({
      id: profileId,
      format: exportFormat,
      /** Written into the files in clear text: what the caller brings, never what is stored. */
      psk: secret.optional(),
      /** Since 1.5. */
      ppk: secret.optional(),
      password: secret.optional(),
    }),
    exportedSchema,
  ),
  'profiles.remove': call('operate', z.strictObject({ id: profileId }), nothing),
  /** Answers at once; the truth follows as events. */
  'tunnel.up': call(
    'operate',
    z.strictObject({
      id: profileId,
      psk: secret.optional(),
      user: z.string().min(1).max(256).optional(),
      password: secret.optional(),
    }),
    accepted,
  ),
  /**
   * The answer to status' `question`: base64 of what was typed, in UTF-8; without it the person declines. With
   * `remember` (since 1.2) it is stored with the profile once the tunnel is connected, unless it is a one-time code.
   */
  'tunnel.answer': call(
    'operate',
    z.strictObject({
      id: profileId,
      question: count,
      answer: secretOrEmpty.optional(),
      remember: z.boolean().default(false),
    }),
    accepted,
  ),
  'tunnel.down': call('operate', z.strictObject({ id: profileId.optional() }), accepted),
  /** New keys now, for the IKE SA or for the Child SAs of a connected tunnel. Since 1.1. */
  'tunnel.rekey': call(
    'operate',
    z.strictObject({ id: profileId, what: z.enum(['ike', 'child']) }),
    accepted,
  ),
  /** A fresh connection now: at once and not at `reconnect.nextAt`, or in place of one that stands. Since 1.2. */
  'tunnel.reconnect': call('operate', z.strictObject({ id: profileId }), accepted),
  /**
   * Answers with what is in force then. Refused where the system does not do it (nothing has changed then), and where an
   * administrator switched it on and the caller is none. Since 1.4.
   */
  'lockdown.set': call(
    'operate',
    z.strictObject({ on: z.boolean(), lan: z.boolean().default(false) }),
    lockdownSchema,
  ),
  /**
   * A snapshot in the answer, then events with rising `sequence`. `level` (it and what is graver) and `subsystem` narrow
   * the log. The log's snapshot is the newest of the helper's last 2000 lines that fit a frame; that of the profiles may
   * go on with `profiles.list` after `next`. Filters and profiles since 1.2.
   */
  'events.subscribe': call(
    'read',
    z
      .strictObject({
        topic,
        level: logLevelSchema.optional(),
        subsystem: z.string().min(1).max(64).optional(),
      })
      .refine(
        (params) => params.topic === 'log' || (params.level ?? params.subsystem) === undefined,
        'level and subsystem are for the log',
      ),
    z.object({
      sequence: z.number(),
      status: statusSchema.optional(),
      log: z.array(logEntrySchema).optional(),
      profiles: z.array(profileSummarySchema).optional(),
      next: profileId.optional(),
    }),
  ),
  'events.unsubscribe': call('read', z.strictObject({ topic }), nothing),
  'doctor.run': call('read', nothing, z.object({ checks: z.array(doctorCheckSchema) })),
  /** Since 1.2. */
  'helper.info': call('read', nothing, helperInfoSchema),
} as const;

export type Calls = typeof calls;
export type CallName = keyof Calls;
export type Params<C extends CallName> = z.input<Calls[C]['params']>;
export type Result<C extends CallName> = z.output<Calls[C]['result']>;

/** What the helper sends without being asked. */
export const eventSchema = z.discriminatedUnion('topic', [
  z.object({ topic: z.literal('status'), sequence: z.number(), status: statusSchema }),
  z.object({ topic: z.literal('log'), sequence: z.number(), entry: logEntrySchema }),
  /** Profiles that are new or have changed, whole, and ids of those that are gone. Since 1.2. */
  z.object({
    topic: z.literal('profiles'),
    sequence: z.number(),
    changed: z.array(profileSummarySchema),
    removed: z.array(profileId),
  }),
]);
export type Event = z.infer<typeof eventSchema>;
