/**
 * The gateway proved who it is, but refuses the Child SA or something else that we asked for in IKE_AUTH: NO_PROPOSAL_CHOSEN,
 * TS_UNACCEPTABLE, INTERNAL_ADDRESS_FAILURE, FAILED_CP_REQUIRED, SINGLE_PAIR_REQUIRED, NO_ADDITIONAL_SAS … The IKE SA
 * exists then (RFC 7296 §1.2); without a Child SA it is of no use to a client, so it is deleted and the refusal is
 * what the user reads. An error type that nobody knows means failure as well (§3.10.1).
 */
import { failureOfNotify } from '../failures.ts';
import { findError } from '../payload-access.ts';
import { DELETE_IKE_SA } from './delete.ts';
import { leaving, type Task } from './task.ts';

export function errorsTask(): Task {
  return {
    name: 'errors',
    onResponse({ sa }, { header, payloads }) {
      const error = findError(payloads);
      if (error === undefined) return undefined;
      return leaving(failureOfNotify(error.type, sa.config, header.exchange), DELETE_IKE_SA);
    },
  };
}
