/**
 * The IKE_AUTH exchanges of a responder (RFC 7296 §1.2, §2.16; RFC 4739): one by a key or a certificate, several with EAP.
 * One for each IKE SA, since it remembers between requests. The twin of auth-plans.ts; exchanges.ts asks it.
 */
import { NotifyType } from '#core/registry/notify-types.ts';
import type { ResponderConfig } from './connection-types.ts';
import { protocolError } from './failures.ts';
import type { MachineInput } from './machine.ts';
import { findNotify } from './payload-access.ts';
import type { Message } from './payload-types.ts';
import {
  type Claim,
  clientCertificateTask,
  clientPskTask,
  gatewayIdentityTask,
  refusing,
} from './tasks/auth-responder.ts';
import { authLifetimeOfResponderTask } from './tasks/auth-lifetime.ts';
import { heardCertreqTask } from './tasks/certificates.ts';
import { type ChildGrant, childTaskOfResponder } from './tasks/child.ts';
import { configTaskOfResponder } from './tasks/config.ts';
import { EapHost } from './tasks/eap-responder.ts';
import { establishedTask } from './tasks/established.ts';
import { initialContactTask } from './tasks/initial-contact.ts';
import { mobikeTask } from './tasks/mobike.ts';
import { notifiesTask } from './tasks/notifies.ts';
import { checkedWithPpk, ppkUsedTask } from './tasks/ppk-responder.ts';
import { redirectClientTask } from './tasks/redirect.ts';
import type { Task } from './tasks/task.ts';
import type { RequestWindow } from './window.ts';

/** What the next request of the client has to be. */
type Stage = 'first' | 'eap-identity' | 'eap' | 'conclusion';

export class AuthService {
  readonly #config: ResponderConfig;
  readonly #requests: RequestWindow;
  readonly #claim: Claim = {};
  readonly #eap: EapHost | undefined;
  #stage: Stage = 'first';
  /** What the client asked for at the beginning; it is granted at the end. */
  #first: Message | undefined;

  constructor(config: ResponderConfig, requests: RequestWindow) {
    this.#config = config;
    this.#requests = requests;
    const { remoteAuthentication: client } = config;
    this.#eap =
      client?.method === 'eap' || client?.method === 'certificate-eap'
        ? new EapHost(config, client.eap, this.#claim)
        : undefined;
  }

  /** The tasks for the client's next request. */
  tasks(): readonly Task[] {
    const eap = this.#eap;
    if (eap === undefined) return [...this.#introduction(), ...this.#grants()];
    switch (this.#stage) {
      case 'first':
        return this.#config.remoteAuthentication?.method === 'eap'
          ? [this.#noteFirst(), initialContactTask(), ...this.#proof(), eap.start, this.#goTo('eap')]
          : [this.#noteFirst(), ...this.#introduction(), anotherAuthTask, this.#goTo('eap-identity')];
      case 'eap-identity':
        return [eap.start, this.#goTo('eap')];
      case 'eap':
        return [eap.round, { name: 'stage', done: () => this.#afterRound(eap) }];
      default:
        return [...this.#conclusion(eap), ...this.#grants()];
    }
  }

  /** Where the answer to this request leads. */
  get leadsTo(): MachineInput | undefined {
    return this.#eap === undefined || this.#stage === 'conclusion' ? 'authenticated' : undefined;
  }

  /** The client proves itself at once, and so do we. */
  #introduction(): readonly Task[] {
    const proof =
      (this.#config.remoteAuthentication?.method ?? 'psk') === 'psk'
        ? clientPskTask(this.#config, this.#claim)
        : clientCertificateTask();
    return [checkedWithPpk(this.#config, proof), initialContactTask(), ...this.#proof(), ppkUsedTask()];
  }

  /** The client's proof after EAP, which is its first where no certificate came before. */
  #conclusion({ conclusion }: EapHost): readonly Task[] {
    return this.#config.remoteAuthentication?.method === 'eap'
      ? [checkedWithPpk(this.#config, conclusion), ppkUsedTask()]
      : [conclusion];
  }

  #proof(): readonly Task[] {
    return [heardCertreqTask(), gatewayIdentityTask(this.#config, this.#claim)];
  }

  #grants(): readonly Task[] {
    const grant: ChildGrant = {};
    const settings = configTaskOfResponder(this.#config, grant);
    const child = childTaskOfResponder(this.#config, grant);
    return [
      establishedTask(),
      redirectClientTask(this.#config, grant),
      this.#asOfFirst(settings),
      this.#asOfFirst(child),
      authLifetimeOfResponderTask(this.#config),
      this.#asOfFirst(mobikeTask()),
      notifiesTask(this.#requests),
    ];
  }

  /** A task that reads what stood in the first request. */
  #asOfFirst(task: Task): Task {
    return {
      name: task.name,
      onRequest: (context, message) => task.onRequest?.(context, this.#first ?? message),
      response: (context, out) => task.response?.(context, out),
      done: (context) => task.done?.(context),
    };
  }

  #noteFirst(): Task {
    return {
      name: 'first',
      onRequest: (_exchange, message) => {
        this.#first = message;
        return undefined;
      },
    };
  }

  #goTo(stage: Stage): Task {
    return {
      name: 'stage',
      done: () => {
        this.#stage = stage;
        return undefined;
      },
    };
  }

  #afterRound(eap: EapHost): undefined {
    if (eap.finished) this.#stage = 'conclusion';
  }
}

/** RFC 4739 §2.2.2: without ANOTHER_AUTH_FOLLOWS the client believes that it is done. */
const anotherAuthTask: Task = {
  name: 'another-auth',
  onRequest: (_exchange, { payloads }) =>
    findNotify(payloads, NotifyType.ANOTHER_AUTH_FOLLOWS) === undefined
      ? refusing(protocolError('IKE_AUTH without ANOTHER_AUTH_FOLLOWS (EAP is wanted as well)'))
      : undefined,
};
