/** Which parts of a plan must be looked after when something of a tunnel was taken away. Pure. Used by changes.ts. */
import { formatIp } from '#core/net/address.ts';
import type { Taken } from '../effects/network-watch/network-watch.ts';
import type { Plan } from './plan.ts';

/** In the order in which they are put back; none where it was another tunnel's, or nothing that the plan names. */
export function partsTaken(taken: readonly Taken[], plan: Plan): readonly (keyof Plan)[] {
  const due = new Set(taken.flatMap((each) => partsOf(each, plan)));
  return ORDER.filter((part) => due.has(part));
}

/** No address without its guard, no route before its address. */
const ORDER: readonly (keyof Plan)[] = ['firewall', 'link', 'routes', 'dns'];

function partsOf(taken: Taken, { link, routes, dns }: Plan): readonly (keyof Plan)[] {
  switch (taken.part) {
    case 'firewall':
      return taken.tun === undefined || taken.tun === link.tun ? ['firewall'] : [];
    case 'link':
      return taken.tun === undefined || taken.tun === link.tun ? ['link', 'routes'] : [];
    case 'address': {
      const isOurs = link.addresses.some(({ address }) => formatIp(address) === taken.address);
      return taken.tun === link.tun && isOurs ? ['link', 'routes'] : [];
    }
    case 'routes':
      return taken.table === routes.table ? ['routes'] : [];
    case 'lockdown':
      return [];
    default:
      return dns === undefined ? [] : ['dns'];
  }
}
