/**
 * The configuration payload in IKE_AUTH (RFC 7296 §2.19, §3.15): the initiator asks for inner addresses and what belongs
 * to them, the responder assigns. config-attributes.ts knows the attributes; this task knows when.
 */
import { ConfigType } from '#core/registry/config-attributes.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import {
  readAssignment,
  readRequest,
  requestAttributes,
  assignmentAttributes,
} from '../config-attributes.ts';
import type { InitiatorConfig, ResponderConfig } from '../connection-types.ts';
import { noAddress } from '../failures.ts';
import type { IkeSa } from '../ike-sa.ts';
import { find, notify } from '../payload-access.ts';
import type { ChildGrant } from './child.ts';
import { DELETE_IKE_SA } from './delete.ts';
import { leaving, type Task } from './task.ts';

const tell = (sa: IkeSa): void => {
  if (sa.assigned !== undefined) sa.emit({ type: 'config', config: sa.assigned });
};

export function configTaskOfInitiator(config: InitiatorConfig): Task {
  const attributes = requestAttributes(config.request);
  return {
    name: 'config',
    request(_exchange, out) {
      if (attributes.length > 0) out.push({ kind: 'CP', type: ConfigType.CFG_REQUEST, attributes });
    },
    onResponse({ sa }, { payloads }) {
      const reply = find(payloads, 'CP');
      // A reply to what was not asked is none (§2.19).
      if (reply?.type === ConfigType.CFG_REPLY && attributes.length > 0) {
        const { assigned, malformed } = readAssignment(reply.attributes);
        sa.counters.malformed += malformed;
        sa.assigned = assigned;
      }
      const wanted = config.request.ip4 || config.request.ip6;
      // One family of two is enough: many gateways have only IPv4 inside.
      if (wanted && (sa.assigned === undefined || sa.assigned.addresses.length === 0)) {
        return leaving(noAddress(config), DELETE_IKE_SA);
      }
      return undefined;
    },
    done({ sa }) {
      tell(sa);
      return undefined;
    },
  };
}

export function configTaskOfResponder(config: ResponderConfig, grant: ChildGrant): Task {
  return {
    name: 'config',
    onRequest({ sa }, { payloads }) {
      const request = find(payloads, 'CP');
      // Whoever is sent elsewhere gets an address there.
      if (grant.refused !== undefined) return undefined;
      if (request?.type !== ConfigType.CFG_REQUEST || sa.remoteId === undefined) return undefined;
      sa.assigned = config.assign(sa.remoteId, readRequest(request.attributes));
      if (sa.assigned === undefined) grant.refused = notify(NotifyType.INTERNAL_ADDRESS_FAILURE);
      return undefined;
    },
    response({ sa }, out) {
      // With the Child SA refused there is nothing to configure (§1.2): the error stands alone beside IDr and AUTH.
      if (sa.assigned === undefined || grant.refused !== undefined) return;
      out.push({ kind: 'CP', type: ConfigType.CFG_REPLY, attributes: assignmentAttributes(sa.assigned) });
    },
    done({ sa }) {
      if (grant.refused === undefined) tell(sa);
      return undefined;
    },
  };
}
