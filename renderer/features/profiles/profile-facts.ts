/** What a profile says, as facts to read. Pure, for profile-view.tsx. */
import type { Profile } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';
import type { Fact } from '../../components/facts.tsx';
import type { Text } from '../../i18n/text.ts';
import { formOf, revocationOf } from '../../stores/profile-form.ts';

const shown = (values: readonly string[]): string[] => values.map((value) => printable(value, 256));

export function profileFacts(profile: Profile, t: Text): Fact[] {
  const { gateway, authentication, dns, ike } = profile;
  const { networks } = formOf(profile);
  const proof = gateway.authentication?.method ?? (authentication.method === 'psk' ? 'psk' : 'certificate');
  const revocation = revocationOf(profile);
  return [
    { label: t('edit.addresses'), values: shown(gateway.addresses), kind: 'code' },
    gateway.id === undefined
      ? { label: t('edit.gateway-id'), values: [t('profile.any')] }
      : { label: t('edit.gateway-id'), values: shown([gateway.id]), kind: 'code' },
    { label: t('profile.gateway-login'), values: [t(`profile.gateway-login.${proof}`)] },
    { label: t('profile.authentication'), values: [t(`profile.method.${authentication.method}`)] },
    authentication.localId === undefined
      ? { label: t('edit.local-id'), values: [t('profile.ours')] }
      : { label: t('edit.local-id'), values: shown([authentication.localId]), kind: 'code' },
    ...('methods' in authentication
      ? [
          {
            label: t('edit.user'),
            values: [
              authentication.user === undefined ? t('profile.asked') : printable(authentication.user, 256),
            ],
          },
        ]
      : []),
    networks === 'everything'
      ? { label: t('edit.networks'), values: [t('profile.everything')] }
      : { label: t('edit.networks'), values: shown(profile.child.remoteTs), kind: 'code' },
    dns.servers.length === 0
      ? { label: t('edit.dns-servers'), values: [t('profile.assigned')] }
      : { label: t('edit.dns-servers'), values: shown(dns.servers), kind: 'code' },
    ...(dns.domains.length === 0
      ? []
      : [{ label: t('edit.dns-domains'), values: shown(dns.domains), kind: 'code' as const }]),
    ...(revocation === undefined
      ? []
      : [{ label: t('edit.revocation'), values: [t(`edit.revocation.${revocation}`)] }]),
    { label: t('edit.post-quantum'), values: [t(`edit.post-quantum.${ike.postQuantum}`)] },
    ...(ike.ppk === undefined
      ? []
      : [
          {
            label: t('edit.ppk-id'),
            values: [...shown([ike.ppk.id]), ...(ike.ppk.required ? [t('profile.ppk-required')] : [])],
          },
        ]),
    { label: t('edit.encapsulation'), values: [t(`edit.encapsulation.${ike.encapsulation}`)] },
  ];
}
