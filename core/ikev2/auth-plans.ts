/**
 * The IKE_AUTH exchanges of an initiator (RFC 7296 §1.2, §2.16; RFC 4739): one by a key or a certificate, several with EAP,
 * which asks for the Child SA in the first and gets it in the last. exchanges.ts begins them.
 */
import type { Identification } from '#core/ike/identification.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import type { InitiatorConfig } from './connection-types.ts';
import type { Plan } from './exchanges.ts';
import {
  gatewayProofTask,
  identityTask,
  proofTask,
  remoteAuthenticationOf,
  wantedIdentityTask,
} from './tasks/auth.ts';
import { certreqTask } from './tasks/certificates.ts';
import { authLifetimeTask } from './tasks/auth-lifetime.ts';
import { childTaskOfInitiator } from './tasks/child.ts';
import { configTaskOfInitiator } from './tasks/config.ts';
import { EapLogin, eapOnlyTask } from './tasks/eap.ts';
import { errorsTask } from './tasks/errors.ts';
import { establishedTask } from './tasks/established.ts';
import { furtherChildrenTask } from './tasks/further-children.ts';
import { initialContactTask } from './tasks/initial-contact.ts';
import { mobikeTask } from './tasks/mobike.ts';
import { multipleAuthTask } from './tasks/multiple-auth.ts';
import { notifiesTask } from './tasks/notifies.ts';
import { provenWithPpk } from './tasks/ppk.ts';
import { redirectInAuthTask } from './tasks/redirect.ts';
import type { Task } from './tasks/task.ts';
import type { RequestWindow } from './window.ts';

const exchange = ExchangeType.IKE_AUTH;

/** The half of a task that asks, for the first exchange; the other half is for the last one. */
const asks = (task: Task): Task => ({
  name: task.name,
  request: (context, out) => task.request?.(context, out),
});
const takes = (task: Task): Task => ({
  name: task.name,
  onResponse: (context, message) => task.onResponse?.(context, message),
  done: (context) => task.done?.(context),
});

/** The tasks that all ways share; those with state must be the same objects in the first exchange and in the last. */
interface Parts {
  /** IDi, certificates, what we want to see of the gateway. */
  readonly introduction: readonly Task[];
  /** What we ask of the gateway. */
  readonly wishes: readonly Task[];
  readonly notifies: Task;
}

function partsOf(config: InitiatorConfig, requests: RequestWindow): Parts {
  const { authentication, localId } = config;
  const remote = remoteAuthenticationOf(config);
  const certificates = 'certificates' in authentication ? authentication.certificates : [];
  return {
    introduction: [
      identityTask(localId, certificates),
      initialContactTask(),
      certreqTask(remote.method === 'certificate' ? remote : {}),
      wantedIdentityTask(config),
    ],
    wishes: [
      configTaskOfInitiator(config),
      childTaskOfInitiator(config),
      mobikeTask(),
      furtherChildrenTask(config),
    ],
    notifies: notifiesTask(requests),
  };
}

export function planAuth(config: InitiatorConfig, requests: RequestWindow): Plan {
  const { authentication } = config;
  const parts = partsOf(config, requests);
  switch (authentication.method) {
    case 'psk':
    case 'certificate':
      return planAtOnce(config, parts);
    case 'eap':
      return planLogin(config, parts, new EapLogin(config, authentication.eap, config.localId));
    default: {
      const id = authentication.eapId ?? config.localId;
      return planSecondLogin(config, parts, new EapLogin(config, authentication.eap, id), id);
    }
  }
}

/** One exchange does it all. */
function planAtOnce(config: InitiatorConfig, { introduction, wishes, notifies }: Parts): Plan {
  const proofs = [provenWithPpk(config, () => proofTask(config)), gatewayProofTask(config)];
  return {
    exchange,
    tasks: [...introduction, ...proofs, ...granted(wishes), notifies],
    leadsTo: 'authenticated',
  };
}

/** The gateway proves itself in its first answer, and EAP begins there. */
function planLogin(config: InitiatorConfig, parts: Parts, login: EapLogin): Plan {
  const { introduction, wishes, notifies } = parts;
  const tasks = [
    ...introduction,
    eapOnlyTask(config),
    ...wishes.map(asks),
    gatewayProofTask(config),
    // Until EAP is over, nobody vouches for a gateway that proves itself by that alone.
    redirectInAuthTask(remoteAuthenticationOf(config).method !== 'eap-only'),
    login.round,
    notifies,
  ];
  return { exchange, tasks, next: () => planEap(config, login, parts) };
}

/** Both ends prove themselves, then EAP begins with an identity of its own. */
function planSecondLogin(config: InitiatorConfig, parts: Parts, login: EapLogin, id: Identification): Plan {
  const { introduction, wishes, notifies } = parts;
  const proofs = [
    provenWithPpk(config, () => proofTask(config)),
    multipleAuthTask(),
    ...wishes.map(asks),
    gatewayProofTask(config),
    redirectInAuthTask(),
  ];
  const second: Plan = {
    exchange,
    tasks: [identityTask(id), login.round],
    next: () => planEap(config, login, parts),
  };
  return { exchange, tasks: [...introduction, ...proofs, notifies], next: () => second };
}

/** Round after round, and AUTH when EAP has succeeded, with what the first exchange asked for. */
function planEap(config: InitiatorConfig, login: EapLogin, parts: Parts): Plan {
  if (!login.finished) {
    return { exchange, tasks: [login.round], login: true, next: () => planEap(config, login, parts) };
  }
  // Where a certificate came before, the PPK is settled by now.
  const conclusion = provenWithPpk(config, () => login.conclusion);
  const wishes = granted(parts.wishes.map(takes));
  return { exchange, tasks: [conclusion, ...wishes, parts.notifies], leadsTo: 'authenticated' };
}

/** The gateway's last answer: a way elsewhere, a refusal, or both ends stand and our wishes are met. */
const granted = (wishes: readonly Task[]): readonly Task[] => [
  redirectInAuthTask(),
  errorsTask(),
  establishedTask(),
  ...wishes,
  authLifetimeTask(),
];
