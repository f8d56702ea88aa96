/** From what core/eap says to the Failure that people see: one row a case. The EAP tasks of both sides call it. */
import type { EapFailure, TlsFailure } from '#core/eap/failure.ts';
import type { Failure } from '#core/failure/failure.ts';

type Of<C extends EapFailure['cause']> = Extract<EapFailure, { cause: C }>;

/** Optional texts under their own name, or not at all. */
const maybe = <K extends string>(name: K, text: string | undefined): { [P in K]?: string } =>
  text === undefined ? {} : ({ [name]: text } as { [P in K]?: string });

const ROWS: { readonly [C in EapFailure['cause']]: (failure: Of<C>) => Failure } = {
  'method-not-allowed': ({ offered, wanted }) => ({
    cause: 'eap-method-refused',
    offered: [...offered],
    wanted: [...wanted],
  }),
  refused: ({ method, message }) => ({
    cause: 'eap-refused',
    ...maybe('method', method),
    ...maybe('message', message),
  }),
  'wrong-password': ({ method, user, message }) => ({
    cause: 'wrong-password',
    method,
    user,
    ...maybe('message', message),
  }),
  'account-restricted': ({ restriction, user, message }) => ({
    cause: 'account-restricted',
    restriction,
    user,
    ...maybe('message', message),
  }),
  'password-expired': ({ user, message }) => ({
    cause: 'password-expired',
    user,
    ...maybe('message', message),
  }),
  'password-not-changed': ({ user, message }) => ({
    cause: 'password-not-changed',
    user,
    ...maybe('message', message),
  }),
  'server-not-authenticated': ({ method, detail }) => ({ cause: 'eap-server-unproven', method, detail }),
  tls: ({ method, tls }) => failureOfTls(method, tls),
  'premature-success': ({ method }) => ({ cause: 'eap-premature-success', ...maybe('method', method) }),
  'secret-missing': ({ what }) => ({ cause: 'secret-missing', what }),
  'protocol-error': ({ method, detail }) => ({
    cause: 'protocol-error',
    detail: `EAP${method === undefined ? '' : `-${method}`}: ${detail}`,
    sentBy: 'peer',
  }),
};

export function failureOfEap(failure: EapFailure): Failure {
  // The cause picks the row that takes this case; the type system cannot follow a union through an index.
  return (ROWS[failure.cause] as (failure: EapFailure) => Failure)(failure);
}

function failureOfTls(method: string, tls: TlsFailure): Failure {
  switch (tls.reason) {
    case 'alert':
      return { cause: 'tls-failed', method, detail: tls.alert, saidBy: 'peer' };
    case 'protocol':
      return { cause: 'tls-failed', method, detail: tls.detail, saidBy: 'us' };
    case 'wrong-name':
      return {
        cause: 'tls-certificate-rejected',
        method,
        reason: tls.reason,
        subject: tls.names[0] ?? '',
        detail: '',
        expected: tls.expected,
        names: [...tls.names],
      };
    case 'untrusted':
      return {
        cause: 'tls-certificate-rejected',
        method,
        reason: tls.reason,
        subject: tls.subject,
        detail: `${tls.code}: issued by ${tls.issuer}`,
      };
    default:
      return {
        cause: 'tls-certificate-rejected',
        method,
        reason: tls.reason,
        subject: tls.subject,
        detail: tls.detail,
      };
  }
}
