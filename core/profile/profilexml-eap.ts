/**
 * The EAP configuration inside Windows' ProfileXML, which has schemas of its own (EapHostConfig, MsPeap and EapTtls
 * connection properties): the method, what runs inside of it, who is said outside, and the server's name. Called by
 * profilexml.ts.
 */
import type { Answers } from '#core/profile/answers.ts';
import { checkHost, checkUser } from '#core/profile/check.ts';
import type { Draft, EapMethod } from '#core/profile/draft.ts';
import type { EapInnerMethod } from '#core/profile/profile.ts';
import { type Element, named } from '#core/profile/xml.ts';
import { printable } from '#core/text/printable.ts';

const EAP_TYPES: Readonly<Record<string, EapMethod>> = {
  '13': 'tls',
  '21': 'ttls',
  '25': 'peap',
  '26': 'mschapv2',
};

/** All elements of that name below `element`, itself excluded; parseElement bounds the depth. */
const descend = (element: Element, name: string): Element[] =>
  element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...descend(child, name)]);

const EAP = 'NativeProfile.Authentication.Eap';

const INNER_EAP_TYPES: Readonly<Record<string, EapInnerMethod>> = {
  '4': 'eap-md5',
  '6': 'eap-gtc',
  '13': 'eap-tls',
  '26': 'eap-mschapv2',
};

/** Elements of TTLS's Phase2Authentication that are no EAP. */
const INNER_PASSWORDS: Readonly<Record<string, EapInnerMethod>> = {
  PAPAuthentication: 'pap',
  CHAPAuthentication: 'chap',
  MSCHAPv2Authentication: 'mschapv2',
};

const typeOf = (element: Element | undefined): string | undefined =>
  element && descend(element, 'Type')[0]?.text;

/** What runs inside of PEAP (the second Eap, one in the other) or of TTLS (Phase2Authentication). */
function takeInner(
  configuration: Element,
  outer: EapMethod,
  draft: Draft,
  answers: Answers,
  place: string,
): void {
  const [phase2] = outer === 'ttls' ? descend(configuration, 'Phase2Authentication') : [];
  const [, second] = outer === 'peap' ? descend(configuration, 'Eap') : [];
  const [choice] = phase2?.children ?? [];
  const password =
    choice && Object.hasOwn(INNER_PASSWORDS, choice.name) ? INNER_PASSWORDS[choice.name] : undefined;
  const type = typeOf(phase2) ?? typeOf(second);
  const found =
    password ??
    (type !== undefined && Object.hasOwn(INNER_EAP_TYPES, type) ? INNER_EAP_TYPES[type] : undefined);
  const shown = type === undefined ? choice?.name : `EAP type ${type}`;
  if (shown === undefined) return;
  const path = outer === 'ttls' ? `${EAP}.Phase2Authentication` : `${EAP}.Eap.Type`;
  if (found === undefined) {
    return answers.problem(place, path, `"${printable(shown, 40)}" inside of ${outer} is not supported`);
  }
  draft.local.innerMethod = found;
  answers.add('taken', path, printable(shown, 40));
}

/** Two schemas for the same: a switch and a name. */
const PRIVACY = [
  ['Phase1Identity', 'IdentityPrivacy', 'AnonymousIdentity'],
  ['IdentityPrivacy', 'EnableIdentityPrivacy', 'AnonymousUserName'],
] as const;

function takePrivacy(configuration: Element, { local }: Draft, answers: Answers): void {
  for (const [element, enabled, identity] of PRIVACY) {
    for (const privacy of descend(configuration, element)) {
      if (named(privacy, enabled)[0]?.text !== 'true') continue;
      const text = named(privacy, identity)[0]?.text ?? '';
      if (text !== '' && checkUser(text) === undefined) {
        local.anonymousIdentity = text;
        answers.add('taken', `${EAP}.${element}.${identity}`, text);
      } else {
        const reason = 'without a visible name the user’s own is said outside';
        answers.add('ignored', `${EAP}.${element}.${enabled}`, 'true', reason);
      }
    }
  }
}

/** `EapHostConfig/EapMethod/Type` is the outer method. */
export function takeEap(native: Element, draft: Draft, answers: Answers, place: string): void {
  const { local } = draft;
  // Deeper ones configure what runs inside of PEAP.
  for (const configuration of descend(native, 'Eap').slice(0, 1)) {
    const [method] = descend(configuration, 'EapMethod');
    const type = method && named(method, 'Type')[0]?.text;
    const found = type !== undefined && Object.hasOwn(EAP_TYPES, type) ? EAP_TYPES[type] : undefined;
    if (found === undefined) {
      answers.problem(place, EAP, `EAP type "${printable(type ?? '', 20)}" is not supported`);
    } else {
      local.methods.push(found);
      answers.add('taken', `${EAP}.EapMethod.Type`, type);
      takeInner(configuration, found, draft, answers, place);
      takePrivacy(configuration, draft, answers);
    }
    const names = descend(configuration, 'ServerNames').map(({ text }) => text);
    const name = names.find((text) => text !== '' && checkHost(text) === undefined);
    if (name !== undefined) {
      local.aaaId = name;
      answers.add('taken', `${EAP}.ServerNames`, name);
    } else if (names.some((text) => text !== '')) {
      answers.add('ignored', `${EAP}.ServerNames`, names.join(' '), 'patterns and lists are not supported');
    }
    if (descend(configuration, 'TrustedRootCA').length > 0) {
      const reason =
        'authorities by fingerprint are not supported: the system’s count, or a certificate that is imported along';
      answers.add('ignored', `${EAP}.TrustedRootCA`, undefined, reason);
    }
  }
}
