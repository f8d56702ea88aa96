/**
 * A profile: everything that a tunnel needs to know, except its secrets. This schema is the documented format of our
 * own (docs/profile-format.md); importers produce it, the store keeps it, the tunnel manager reads it.
 * Unknown keys are refused by name: what is silently dropped today is a surprise tomorrow.
 */
import { z } from 'zod';

/** `aes256gcm16-prfsha384-ecp384`: keywords joined by `-`; several of one kind offer a choice (crypto/keywords.ts parses it). */
export const proposalText = z
  .string()
  .regex(
    /^[a-z0-9_]+(-[a-z0-9_]+)*$/,
    'must be keywords joined by "-", such as aes256gcm16-prfsha384-ecp384',
  );

/** `dynamic` (the assigned address) or a prefix, range or address, then optionally `[protocol/port]`: `10.0.0.0/8[tcp/443]`. */
export const trafficSelectorText = z.string().min(1).max(128);

export const profileSchema = z.strictObject({
  format: z.literal('adit-profile'),
  version: z.literal(1),
  name: z.string().trim().min(1).max(128),
  gateway: z.strictObject({
    /** Names or addresses, tried in order. */
    addresses: z.array(z.string().min(1).max(253)).min(1).max(16),
    /** Where IKE_SA_INIT goes; 4500 starts there at once, with the marker. */
    port: z.int().min(1).max(65535).default(500),
    /** The identity the gateway must prove, as text (`core/ike/identity-text.ts`); absent accepts any under the right key. */
    id: z.string().min(1).max(1024).optional(),
  }),
  authentication: z.discriminatedUnion('method', [
    z.strictObject({
      method: z.literal('psk'),
      /** Our identity as text: an address, a name, user@name, a DN, or `keyid:…`; absent sends our address. */
      localId: z.string().min(1).max(1024).optional(),
    }),
  ]),
  ike: z
    .strictObject({
      /** Empty offers our defaults. */
      proposals: z.array(proposalText).max(32).default([]),
      lifetimeSec: z.int().min(60).max(604800).default(14400),
      /** 0 never asks. */
      livenessSec: z.int().min(0).max(86400).default(30),
      natKeepaliveSec: z.int().min(0).max(3600).default(20),
      encapsulation: z.enum(['auto', 'force']).default('force'),
      /** Our own UDP port; 0 lets the system choose, so that another IKE daemon may run beside us. */
      localPort: z.int().min(0).max(65535).default(0),
      initialContact: z.boolean().default(true),
    })
    .prefault({}),
  child: z
    .strictObject({
      name: z.string().min(1).max(64).default('net'),
      proposals: z.array(proposalText).max(32).default([]),
      localTs: z.array(trafficSelectorText).min(1).max(64).default(['dynamic']),
      remoteTs: z.array(trafficSelectorText).min(1).max(64).default(['0.0.0.0/0', '::/0']),
      lifetimeSec: z.int().min(60).max(604800).default(3600),
      lifetimeBytes: z.int().min(1048576).optional(),
      lifetimePackets: z.int().min(1000).optional(),
      replayWindow: z.int().min(0).max(65536).default(4096),
    })
    .prefault({}),
  request: z
    .strictObject({
      ip4: z.boolean().default(true),
      ip6: z.boolean().default(true),
      dns: z.boolean().default(true),
    })
    .prefault({}),
  dns: z
    .strictObject({
      /** Used in place of what the gateway assigns. */
      servers: z.array(z.string()).max(16).default([]),
      /** Only these domains go to the tunnel's servers; empty sends all when the tunnel carries everything. */
      domains: z.array(z.string().max(253)).max(256).default([]),
    })
    .prefault({}),
  /** MTU of the adapter; absent computes it from path and suite. */
  mtu: z.int().min(576).max(9000).optional(),
});

/** A complete profile, defaults filled in. */
export type Profile = z.infer<typeof profileSchema>;
/** What a file may hold: everything with a default may be absent. */
export type ProfileInput = z.input<typeof profileSchema>;

/** Secrets stand beside a profile, never in it. They go into the helper's store and never come out. */
export const secretsSchema = z.strictObject({
  /** base64 of the octets of the pre-shared key. */
  psk: z.base64().optional(),
});
export type Secrets = z.infer<typeof secretsSchema>;

/** One line of an import's report. */
export const reportEntrySchema = z.object({
  /** `taken` as it is, `changed` to something near, `ignored` without effect on us, `refused` for safety, `missing` and still to be asked. */
  outcome: z.enum(['taken', 'changed', 'ignored', 'refused', 'missing']),
  /** Where it stood in the file: `connections.home.children.home.updown`. */
  setting: z.string(),
  /** Never a secret. */
  value: z.string().optional(),
  reason: z.string().optional(),
});
export type ReportEntry = z.infer<typeof reportEntrySchema>;

/** What an importer makes of a file. */
export interface ImportedProfile {
  readonly profile: ProfileInput;
  readonly secrets: Secrets;
  readonly report: readonly ReportEntry[];
}

/** A file that cannot become a profile at all; `message` names the place, the problem and the remedy. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
