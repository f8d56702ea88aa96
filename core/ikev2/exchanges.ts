/**
 * Which tasks make up which exchange: one list for each exchange that we begin and for each that we answer. Order is
 * the order of payloads (RFC 7296 appendix C) and the order in which the answer is judged. connection.ts runs them.
 */
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { planAuth } from './auth-plans.ts';
import { AuthService } from './auth-service.ts';
import type {
  CertificateRequest,
  ConnectionConfig,
  InitiatorConfig,
  ResponderConfig,
} from './connection-types.ts';
import type { Child, IkeSa } from './ike-sa.ts';
import type { MachineInput } from './machine.ts';
import type { Payload } from './payload-types.ts';
import { certreqOfResponderTask, heardCertreqTask } from './tasks/certificates.ts';
import { authLifetimeTask } from './tasks/auth-lifetime.ts';
import { cookieTask } from './tasks/cookie.ts';
import { createChildTaskOfInitiator, createChildTaskOfResponder } from './tasks/create-child.ts';
import { deleteChildTask, deleteRequestTask, reportGoneTask } from './tasks/delete.ts';
import { followUpTaskOfInitiator, followUpTaskOfResponder } from './tasks/follow-up.ts';
import { fragmentationTask } from './tasks/fragmentation.ts';
import { farewellTask, livenessTask, rejectedTask } from './tasks/informational.ts';
import { initTaskOfInitiator, initTaskOfResponder } from './tasks/init.ts';
import {
  earlyAuthTask,
  intermediateSupportTask,
  intermediateTaskOfInitiator,
  intermediateTaskOfResponder,
} from './tasks/intermediate.ts';
import { byShareSize, GroupChoice, groupsOf, invalidKeTask } from './tasks/ke.ts';
import { lateUpdateTask, mappingTask, updateTask } from './tasks/mobike.ts';
import { addressesTask, routabilityTask } from './tasks/mobike-responder.ts';
import { multipleAuthSupportTask } from './tasks/multiple-auth.ts';
import { natdTask } from './tasks/natd.ts';
import { notifiesTask } from './tasks/notifies.ts';
import { ppkNeededTask, usePpkTask } from './tasks/ppk.ts';
import {
  goElsewhereTask,
  redirectFirstTask,
  redirectInInitTask,
  redirectRequestTask,
  redirectSupportTask,
} from './tasks/redirect.ts';
import { rekeyIkeTaskOfInitiator, rekeyIkeTaskOfResponder } from './tasks/rekey-ike.ts';
import { signatureHashesTask } from './tasks/signature-hashes.ts';
import type { Task } from './tasks/task.ts';
import { vendorTask } from './tasks/vendor.ts';
import { hasQuirk } from './quirks.ts';
import type { RedirectTarget } from './redirect-target.ts';
import type { RequestWindow } from './window.ts';
import type { ChildWish, IkeWish } from './wishes.ts';

/** An exchange that we begin. */
export interface Plan {
  readonly exchange: number;
  readonly tasks: readonly Task[];
  /** Where its success leads. */
  readonly leadsTo?: MachineInput;
  /** What its success begins. */
  readonly next?: (sa: IkeSa) => Plan | undefined;
  /** What the peer's requests collide with while this one is under way (§2.25). */
  readonly subject?: 'child' | 'ike';
  /** Asked when its turn comes, with the IKE SA that it would go out under; absent is always. */
  readonly stillWanted?: (sa: IkeSa) => boolean;
  /** A round of EAP: the answer may wait for a person. */
  readonly login?: true;
  /** Goes before whatever waits. */
  readonly urgent?: true;
  /** Its IKE SA has closed before the answer came. Nothing to do where a newer request under another SA says the same. */
  readonly unanswered?: (sa: IkeSa) => void;
}

const { IKE_SA_INIT, IKE_INTERMEDIATE, IKE_AUTH, CREATE_CHILD_SA, IKE_FOLLOWUP_KE, INFORMATIONAL } =
  ExchangeType;

const requestOf = (client: ResponderConfig['remoteAuthentication']): CertificateRequest =>
  client?.method === 'certificate' || client?.method === 'certificate-eap' ? client : {};

/** What IKE_SA_INIT says about the authentication to come, by the methods of either end. */
function authAnnouncements(config: ConnectionConfig): readonly Task[] {
  const { authentication, remoteAuthentication } = config;
  const ours = authentication?.method ?? 'psk';
  const theirs = remoteAuthentication?.method ?? ours;
  const signs = [ours, theirs].some((method) => method !== 'psk');
  const several = [ours, theirs].includes('certificate-eap');
  const ppk = config.role === 'initiator' ? config.ppk : config.findPpk;
  return [
    ...(signs ? [signatureHashesTask()] : []),
    ...(several ? [multipleAuthSupportTask()] : []),
    ...(ppk === undefined ? [] : [usePpkTask()]),
    ...(config.role === 'responder'
      ? [certreqOfResponderTask(requestOf(config.remoteAuthentication))]
      : [heardCertreqTask()]),
  ];
}

export function planInit(sa: IkeSa, requests: RequestWindow): Plan {
  const { config } = sa;
  if (config.role !== 'initiator') throw new Error('a responder does not begin');
  const groups = groupsOf(config.proposals);
  const small = hasQuirk(config, 'drops-large-first-message');
  const choice = new GroupChoice(config.random, small ? byShareSize(groups) : groups);
  // Cookie and group are looked for before the rest is believed to be an answer; and the cookie goes first (§2.6).
  const tasks = [
    cookieTask(),
    invalidKeTask(choice),
    redirectInInitTask(),
    ppkNeededTask(config),
    initTaskOfInitiator(choice),
    natdTask(),
    fragmentationTask(),
    intermediateSupportTask(),
    redirectSupportTask(config),
    ...authAnnouncements(config),
    vendorTask(),
    notifiesTask(requests),
  ];
  return { exchange: IKE_SA_INIT, tasks, leadsTo: 'keyed', next: () => afterInit(sa, config, requests) };
}

/** IKE_AUTH, when no key exchange is due before it. */
function afterInit(sa: IkeSa, config: InitiatorConfig, requests: RequestWindow): Plan {
  if (sa.additional.length === 0) return planAuth(config, requests);
  return {
    exchange: IKE_INTERMEDIATE,
    tasks: [intermediateTaskOfInitiator(), notifiesTask(requests)],
    next: () => afterInit(sa, config, requests),
  };
}

export const planLiveness = (requests: RequestWindow): Plan => ({
  exchange: INFORMATIONAL,
  tasks: [livenessTask(), mappingTask(), notifiesTask(requests)],
});

/** UPDATE_SA_ADDRESSES under whichever IKE SA is in use then, for whichever path we have then. */
export const planUpdate = (requests: RequestWindow): Plan => ({
  exchange: INFORMATIONAL,
  tasks: [updateTask(), notifiesTask(requests)],
  stillWanted: ({ where }) => where.update === 'planned',
  urgent: true,
  unanswered({ where, generation }) {
    if (where.update === 'no' && where.updatedUnder === generation) where.update = 'due';
  },
});

/** UPDATE_SA_ADDRESSES under an IKE SA that has been replaced. */
export const planLateUpdate = (requests: RequestWindow): Plan => ({
  exchange: INFORMATIONAL,
  tasks: [lateUpdateTask(), notifiesTask(requests)],
});

export const planRoutabilityCheck = (requests: RequestWindow): Plan => ({
  exchange: INFORMATIONAL,
  tasks: [routabilityTask(), notifiesTask(requests)],
  stillWanted: ({ where }) => where.check === 'planned',
  urgent: true,
  unanswered({ where, generation }) {
    if (where.check === 'no' && where.checkedUnder === generation) where.check = 'due';
  },
});

/** For a Child SA that still stands; the peer may delete it before our turn comes. */
export const planDeleteChild = (child: Child, requests: RequestWindow): Plan => ({
  exchange: INFORMATIONAL,
  tasks: [deleteChildTask(child), notifiesTask(requests)],
  subject: 'child',
  stillWanted: ({ children }) => children.get(child.spiIn) === child,
});

/** For a Child SA that ended here by itself, or never was: the peer has to hear of it in any case. */
export const planReportExpired = (child: Pick<Child, 'spiIn'>, requests: RequestWindow): Plan => ({
  exchange: INFORMATIONAL,
  tasks: [reportGoneTask(child), notifiesTask(requests)],
  subject: 'child',
});

/** A Child SA that is to be rekeyed may have gone or been replaced before our turn comes. */
export function planCreateChild(wish: ChildWish, requests: RequestWindow): Plan {
  return {
    exchange: CREATE_CHILD_SA,
    tasks: [createChildTaskOfInitiator(wish), notifiesTask(requests)],
    subject: 'child',
    stillWanted({ children }) {
      const { replaces } = wish;
      if (replaces === undefined) return true;
      const stands = children.get(replaces.spiIn) === replaces;
      return stands && replaces.deletion === 'no' && replaces.replacedBy === undefined;
    },
    next: (sa) => planFollowUp(sa, requests),
  };
}

/** For the IKE SA that is in use now, not for the one that may have replaced it by then. */
export const planRekeyIke = (subject: IkeSa, wish: IkeWish, requests: RequestWindow): Plan => ({
  exchange: CREATE_CHILD_SA,
  tasks: [rekeyIkeTaskOfInitiator(wish), notifiesTask(requests)],
  subject: 'ike',
  stillWanted: (sa) => sa === subject,
  next: (sa) => planFollowUp(sa, requests),
});

/** The next of the key exchanges that a CREATE_CHILD_SA has left open; nothing where there is none. */
function planFollowUp({ unfinished: { ours } }: IkeSa, requests: RequestWindow): Plan | undefined {
  if (ours === undefined) return undefined;
  return {
    exchange: IKE_FOLLOWUP_KE,
    tasks: [followUpTaskOfInitiator(ours), notifiesTask(requests)],
    subject: ours.about === 'ike' ? 'ike' : 'child',
    urgent: true,
    stillWanted: ({ state, unfinished }) => state === 'established' && unfinished.ours === ours,
    next: (sa) => planFollowUp(sa, requests),
  };
}

/** Sends the client to another gateway (RFC 5685 §5). */
export const planRedirect = (target: RedirectTarget, requests: RequestWindow): Plan => ({
  exchange: INFORMATIONAL,
  tasks: [goElsewhereTask(target), notifiesTask(requests)],
});

export const planFarewell = (payloads: readonly Payload[]): Plan => ({
  exchange: INFORMATIONAL,
  tasks: [farewellTask(payloads)],
});

/** An exchange that the peer begins. */
export interface Service {
  readonly tasks: (sa: IkeSa, requests: RequestWindow) => readonly Task[];
  /** Where its answer leads. */
  readonly leadsTo?: (sa: IkeSa) => MachineInput | undefined;
}

/** One for each IKE SA. */
function authServiceOf(sa: IkeSa, requests: RequestWindow): AuthService {
  const { config } = sa;
  if (config.role !== 'responder') throw new Error('an initiator does not serve IKE_AUTH');
  sa.authService ??= new AuthService(config, requests);
  return sa.authService;
}

const SERVICES: ReadonlyMap<number, Service> = new Map<number, Service>([
  [
    IKE_SA_INIT,
    {
      tasks: ({ config }, requests) => [
        ...(config.role === 'responder' ? [redirectFirstTask(config)] : []),
        initTaskOfResponder(),
        natdTask(),
        fragmentationTask(),
        intermediateSupportTask(),
        ...authAnnouncements(config),
        vendorTask(),
        notifiesTask(requests),
      ],
      leadsTo: () => 'keyed',
    },
  ],
  [IKE_INTERMEDIATE, { tasks: (_sa, requests) => [intermediateTaskOfResponder(), notifiesTask(requests)] }],
  [
    IKE_AUTH,
    {
      tasks: (sa, requests) =>
        sa.additional.length > 0 ? [earlyAuthTask()] : authServiceOf(sa, requests).tasks(),
      leadsTo: ({ authService }) => authService?.leadsTo,
    },
  ],
  [
    CREATE_CHILD_SA,
    {
      tasks: (_sa, requests) => [
        createChildTaskOfResponder(),
        rekeyIkeTaskOfResponder(),
        notifiesTask(requests),
      ],
    },
  ],
  [IKE_FOLLOWUP_KE, { tasks: (_sa, requests) => [followUpTaskOfResponder(), notifiesTask(requests)] }],
  [
    INFORMATIONAL,
    {
      tasks: (_sa, requests) => [
        deleteRequestTask(),
        rejectedTask(),
        redirectRequestTask(),
        authLifetimeTask(),
        addressesTask(),
        notifiesTask(requests),
      ],
    },
  ],
]);

/** What answers a request; `undefined` for an exchange type that nobody here serves. */
export const serviceOf = (exchange: number): Service | undefined => SERVICES.get(exchange);
