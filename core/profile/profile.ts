/**
 * A profile: everything that a tunnel needs to know, except its secrets. This schema is the documented format of our
 * own (docs/profile-format.md); importers produce it, the store keeps it, the tunnel manager reads it.
 * Unknown keys are refused by name: what is silently dropped today is a surprise tomorrow.
 */
import { exportReasonSchema } from '#core/profile/export-reason.ts';
import { z } from 'zod';

/** `aes256gcm16-prfsha384-ecp384`: keywords joined by `-`; several of one kind offer a choice (crypto/keywords.ts parses it). */
const proposalText = z
  .string()
  .regex(
    /^[a-z0-9_]+(-[a-z0-9_]+)*$/,
    'must be keywords joined by "-", such as aes256gcm16-prfsha384-ecp384',
  );

/** `dynamic` (the assigned address) or a prefix, range or address, then optionally `[protocol/port]`: `10.0.0.0/8[tcp/443]`. */
const trafficSelectorText = z.string().min(1).max(128);

/** base64 of one X.509 certificate in DER (RFC 5280). */
const certificateText = z.base64().min(4).max(16384);
const certificates = (most: number) => z.array(certificateText).max(most).default([]);

/** Our identity as text: an address, a name, user@name, a DN, or `keyid:…`; absent sends our address, or the certificate's subject. */
const localId = z.string().min(1).max(1024).optional();

/** What a proof by certificate needs beside its private key. */
const certificateFields = {
  /** Ours; absent must still be given, or is in the PKCS#12 among the secrets. */
  certificate: certificateText.optional(),
  /** Intermediates, to be sent along; a root among them is not sent. */
  chain: certificates(8),
  /** Sign as RSASSA-PSS where the key is RSA (RFC 7427 §A.4.3). */
  rsaPss: z.boolean().default(false),
};

/** Names of EAP methods in a profile; the IANA types are in core/registry/eap-types.ts. */
const eapMethodName = z.enum(['mschapv2', 'tls', 'ttls', 'peap', 'gtc', 'md5']);

/**
 * What runs inside the tunnel of TTLS or PEAP: `eap-…` are EAP methods, the others TTLS's own ways to send a password
 * (RFC 5281 §11.2).
 */
const eapInnerMethodName = z.enum([
  'pap',
  'chap',
  'mschapv2',
  'eap-mschapv2',
  'eap-gtc',
  'eap-md5',
  'eap-tls',
]);
export type EapInnerMethod = z.infer<typeof eapInnerMethodName>;

/** Habits of gateways that only a profile switches on: those of core/ikev2/quirks.ts whose mode is `quirks`. */
export const quirkName = z.enum(['drops-large-first-message', 'rekeys-without-ke']);

const eapFields = {
  /** Whom EAP authenticates; absent is asked for. */
  user: z.string().min(1).max(256).optional(),
  /** Said outside of TTLS and PEAP in place of the user. */
  anonymousIdentity: z.string().min(1).max(256).optional(),
  /** Empty takes what the gateway offers among the sound ones. */
  methods: z.array(eapMethodName).max(6).default([]),
  /** Inside of TTLS and PEAP nothing but this; absent takes what their server offers of EAP. */
  innerMethod: eapInnerMethodName.optional(),
  /** The name in the TLS server's certificate where it is not the gateway's. */
  aaaId: z.string().min(1).max(1024).optional(),
  /** A second method may follow the first, as FortiGate's second factor does. */
  allowMethodChain: z.boolean().default(false),
};

/** CRL and OCSP (RFC 5280, 6960). Strict refuses where neither answers, otherwise silence passes. */
const revocation = z
  .strictObject({
    crl: z.boolean().default(true),
    ocsp: z.boolean().default(true),
    strict: z.boolean().default(false),
  })
  .prefault({});

/** How the gateway proves who it is; it may differ from how we do (RFC 7296 §2.15). */
export const gatewayAuthenticationSchema = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('psk') }),
  z.strictObject({
    method: z.literal('certificate'),
    /** Trust anchors; empty takes the system's. */
    ca: certificates(32),
    /** Exactly this certificate, and no other of the same name. */
    certificate: certificateText.optional(),
    revocation,
    /** Name our trust anchors in CERTREQ. */
    sendCertreq: z.boolean().default(true),
  }),
  /** By a mutual EAP method alone (RFC 5998); the anchors are for its TLS server. */
  z.strictObject({ method: z.literal('eap-only'), ca: certificates(32), revocation }),
]);
export type GatewayAuthentication = z.infer<typeof gatewayAuthenticationSchema>;

export const profileSchema = z.strictObject({
  format: z.literal('adit-profile'),
  version: z.literal(1),
  name: z.string().trim().min(1).max(128),
  gateway: z.strictObject({
    /** Names or addresses, tried in order. */
    addresses: z.array(z.string().min(1).max(253)).min(1).max(16),
    /** Where IKE_SA_INIT goes; 4500 starts there at once, with the marker. */
    port: z.int().min(1).max(65535).default(500),
    /** Where gateways may send us (RFC 5685): addresses, prefixes, names, `*.name`; absent or empty: nowhere, and they are not told that they could. */
    redirects: z.array(z.string().min(1).max(255)).max(16).optional(),
    /** The identity the gateway must prove, as text (`core/ike/identification.ts`); absent accepts any under the right key. */
    id: z.string().min(1).max(1024).optional(),
    /** Absent: by the pre-shared key where we do so too, else by certificate (gatewayAuthenticationOf). */
    authentication: gatewayAuthenticationSchema.optional(),
  }),
  authentication: z.discriminatedUnion('method', [
    z.strictObject({ method: z.literal('psk'), localId }),
    z.strictObject({ method: z.literal('certificate'), localId, ...certificateFields }),
    /** The certificate is for EAP-TLS. */
    z.strictObject({ method: z.literal('eap'), localId, ...eapFields, ...certificateFields }),
    /** First by certificate, then by EAP (RFC 4739). */
    z.strictObject({ method: z.literal('certificate-eap'), localId, ...eapFields, ...certificateFields }),
  ]),
  ike: z
    .strictObject({
      /** Empty offers our defaults. */
      proposals: z.array(proposalText).max(32).default([]),
      /** ML-KEM beside the key exchange that the proposals name (RFC 9370): core/crypto/post-quantum-offer.ts. */
      postQuantum: z.enum(['off', 'prefer', 'require']).default('off'),
      /** A post-quantum pre-shared key (RFC 8784); the key itself is among the secrets. */
      ppk: z
        .strictObject({
          /** What the PPK_ID's octets are in UTF-8 (PPK_ID_FIXED). */
          id: z.string().min(1).max(1024),
          /** No connection without it; otherwise a gateway may do without. */
          required: z.boolean().default(false),
        })
        .optional(),
      lifetimeSec: z.int().min(60).max(604800).default(14400),
      /** 0 never asks. */
      livenessSec: z.int().min(0).max(86400).default(30),
      natKeepaliveSec: z.int().min(0).max(3600).default(20),
      encapsulation: z.enum(['auto', 'force']).default('force'),
      /** Our own UDP port; 0 lets the system choose, so that another IKE daemon may run beside us. */
      localPort: z.int().min(0).max(65535).default(0),
      initialContact: z.boolean().default(true),
      /** The tunnel moves along from network to network where the gateway takes that (MOBIKE, RFC 4555). */
      mobike: z.boolean().default(true),
      /** The largest IP datagram of IKE before a message goes out in fragments (RFC 7383); 0 neither sends nor takes any. */
      fragmentBytes: z.union([z.literal(0), z.int().min(576).max(1500)]).optional(),
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
      /** One Child SA for each pair of networks, for gateways that take no more in one. */
      perSubnet: z.boolean().default(false),
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
  /** Habits of the gateway that are not tolerated everywhere. */
  quirks: z.array(quirkName).max(16).default([]),
  /** What follows when a connection ends by itself. */
  reconnect: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Tries in a row without success until the tunnel is given up; 0 never gives up. */
      attempts: z.int().min(0).max(1_000_000).default(0),
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
  /** base64 of the octets of the post-quantum pre-shared key (RFC 8784). */
  ppk: z.base64().optional(),
  /** base64 of the EAP password in UTF-8. */
  password: z.base64().optional(),
  /** base64 of our private key as PKCS#8 in DER: PrivateKeyInfo, or EncryptedPrivateKeyInfo (RFC 5958). */
  privateKey: z.base64().optional(),
  /** base64 of the password in UTF-8 that opens an encrypted private key. */
  privateKeyPassword: z.base64().optional(),
  /** base64 of a PKCS#12 file as it came, still locked (RFC 7292): our certificate, its key, perhaps its chain. */
  pkcs12: z.base64().optional(),
  /** base64 of the password in UTF-8 that opens the PKCS#12 file; there are files whose password is empty. */
  pkcs12Password: z.base64().optional(),
});
export type Secrets = z.infer<typeof secretsSchema>;
export type SecretName = keyof Secrets;

/** One line of an import's report. */
export const reportEntrySchema = z.object({
  /** `taken` as it is, `changed` to something near, `ignored` without effect on us, `refused` for safety, `missing` and still to be asked. */
  outcome: z.enum(['taken', 'changed', 'ignored', 'refused', 'missing']),
  /** Where it stood in the file: `connections.home.children.home.updown`. */
  setting: z.string(),
  /** Never a secret. */
  value: z.string().optional(),
  reason: z.string().optional(),
  /** Of an export: the reason apart from its English; absent where there is only that, and of a newer helper. */
  why: exportReasonSchema.optional().catch(undefined),
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
