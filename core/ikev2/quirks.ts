/**
 * Habits of gateways that a client has to live with, one row each: who has it, how it shows, what we do. What does no harm is
 * always tolerated; what would weaken the tunnel, or cost something elsewhere, is switched on by the profile. The engine
 * asks `hasQuirk`, the profile's schema names the same, docs/staying-connected.md shows the table, and
 * test/unit/ikev2/quirks.test.ts plays every row.
 */

interface Quirk {
  readonly name: string;
  /** As seen in a thread, a document or a test; empty where no single vendor is known for it. */
  readonly vendors: readonly string[];
  readonly symptom: string;
  readonly weDo: string;
  /** `always` tolerated; by its name in the profile's `quirks`; by another field of the profile; `refused` with its cause. */
  readonly mode: 'always' | 'quirks' | 'child.perSubnet' | 'refused';
}

export const QUIRKS = [
  {
    name: 'narrows-selectors',
    vendors: ['strongSwan'],
    symptom: 'grants fewer networks than we asked for',
    weDo: 'take what is granted, as RFC 7296 §2.9 has it',
    mode: 'always',
  },
  {
    name: 'one-subnet-per-child',
    vendors: ['Cisco'],
    symptom: 'takes the first of several networks, or refuses them together',
    weDo: 'ask for one Child SA for each pair of networks; one that is refused does not end the others',
    mode: 'child.perSubnet',
  },
  {
    name: 'reorders-selectors',
    vendors: [],
    symptom: 'answers with the networks in another order',
    weDo: 'take them as a set',
    mode: 'always',
  },
  {
    name: 'cp-in-rekey',
    vendors: ['MikroTik'],
    symptom: 'puts a configuration payload into CREATE_CHILD_SA; a peer that refuses it drops once a day',
    weDo: 'pass over it: addresses are assigned in IKE_AUTH',
    mode: 'always',
  },
  {
    name: 'answers-from-elsewhere',
    vendors: ['Windows RRAS'],
    symptom: 'answers from another port or address than it was asked at',
    weDo: 'know an answer by SPIs, message ID and keys, not by where it comes from',
    mode: 'always',
  },
  {
    name: 'drops-large-packets',
    vendors: ['Azure', 'home routers'],
    symptom: 'large IKE_AUTH messages, or IP fragments of them, never arrive',
    weDo: 'send IKE fragments (RFC 7383), smaller ones after two losses',
    mode: 'always',
  },
  {
    name: 'drops-large-first-message',
    vendors: [],
    symptom: 'IKE_SA_INIT with a large key exchange value never arrives; it cannot be fragmented',
    weDo: 'begin with the shortest group of the profile; the gateway may still ask for another',
    mode: 'quirks',
  },
  {
    name: 'drops-high-groups',
    vendors: ['Zyxel'],
    symptom: 'no answer to a key exchange value of a group above 21',
    weDo: 'begin with ecp256 where the profile names no groups',
    mode: 'always',
  },
  {
    name: 'demands-ke-at-rekey',
    vendors: ['libreswan', 'strongSwan', 'OPNsense'],
    symptom: 'forward secrecy that the profile does not have: refuses the first rekeying of the Child SA',
    weDo: 'ask again with the group that is named, else with the key exchanges of the IKE SA, additional ones included, and remember it',
    mode: 'always',
  },
  {
    name: 'rekeys-without-ke',
    vendors: [],
    symptom: 'rekeys Child SAs without forward secrecy though the profile has it, or refuses any',
    weDo: 'offer both at rekeying, neither when that is refused; grant a rekeying without',
    mode: 'quirks',
  },
  {
    name: 'deletes-ike-sa-for-child',
    vendors: [],
    symptom: 'deletes the whole IKE SA where only the Child SA was to go',
    weDo: 'end with the cause closed-by-peer, upon which the tunnel connects again',
    mode: 'always',
  },
  {
    name: 'collision-ts-unacceptable',
    vendors: ['Cisco ASA'],
    symptom: 'answers our rekeying with TS_UNACCEPTABLE when it has begun its own',
    weDo: 'live by the Child SA that it has made',
    mode: 'always',
  },
  {
    name: 'loses-count',
    vendors: ['libreswan'],
    symptom: 'after rekeyings that met, its message IDs are no longer ours and nothing we ask is answered',
    weDo: 'take no answer under another ID, and end as peer-dead, upon which the tunnel connects again',
    mode: 'always',
  },
  {
    name: 'loses-child',
    vendors: [],
    symptom: 'answers a rekeying with CHILD_SA_NOT_FOUND',
    weDo: 'make a new Child SA in its place',
    mode: 'always',
  },
  {
    name: 'leaves-old-child',
    vendors: [],
    symptom: 'rekeys a Child SA and never deletes the old one',
    weDo: 'delete it ourselves after a minute',
    mode: 'always',
  },
  {
    name: 'empty-answer-to-delete',
    vendors: [],
    symptom: 'answers the Delete of a Child SA without naming its own half',
    weDo: 'take the pair for deleted',
    mode: 'always',
  },
  {
    name: 'initial-contact-back',
    vendors: [],
    symptom: 'says INITIAL_CONTACT in its answer to IKE_AUTH',
    weDo: 'pass over it',
    mode: 'always',
  },
  {
    name: 'unknown-payloads',
    vendors: [],
    symptom: 'sends payload types without a meaning to us, not marked critical',
    weDo: 'pass over them (RFC 7296 §2.5)',
    mode: 'always',
  },
  {
    name: 'private-notifies',
    vendors: [],
    symptom: 'sends notifies of its own, such as 61696',
    weDo: 'count status notifies and pass over them',
    mode: 'always',
  },
  {
    name: 'notify-only-answers',
    vendors: [],
    symptom: 'refuses with an error notify and nothing else, without its identity',
    weDo: 'report what the notify says',
    mode: 'always',
  },
  {
    name: 'wrong-minor-version',
    vendors: [],
    symptom: 'a minor version other than 0 in the header',
    weDo: 'ignore it (RFC 7296 §2.5)',
    mode: 'always',
  },
  {
    name: 'no-nat-detection',
    vendors: [],
    symptom: 'sends no NAT detection notifies',
    weDo: 'believe in no NAT, and put ESP in UDP where the profile forces that',
    mode: 'always',
  },
  {
    name: 'private-attributes',
    vendors: ['Windows'],
    symptom: 'configuration attributes of its own, or with odd lengths',
    weDo: 'pass over them and take the others',
    mode: 'always',
  },
  {
    name: 'eap-success-with-method',
    vendors: ['FortiGate'],
    symptom:
      'a fifth octet in EAP-Success announces a second method, the one-time code, for its own client alone',
    weDo: 'say so: it wants notifies and vendor IDs of that client, and no capture of ours shows how it goes on',
    mode: 'refused',
  },
] as const satisfies readonly Quirk[];

type Row = (typeof QUIRKS)[number];
export type QuirkName = Row['name'];
/** Those that a profile switches on by name. */
export type SwitchedQuirk = Extract<Row, { readonly mode: 'quirks' }>['name'];

const isSwitched = (row: Row): row is Extract<Row, { readonly mode: 'quirks' }> => row.mode === 'quirks';

export const SWITCHED_QUIRKS: readonly SwitchedQuirk[] = QUIRKS.filter(isSwitched).map(({ name }) => name);

/** Whether the configuration of a connection switches it on. */
export const hasQuirk = (
  { quirks }: { readonly quirks?: readonly SwitchedQuirk[] },
  name: SwitchedQuirk,
): boolean => quirks?.includes(name) === true;
