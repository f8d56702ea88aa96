/**
 * Profiles back into files of our own format: fields in the schema's order, defaults left out, no secrets. `adit export`
 * prints it; importing the text gives the same profile again.
 */
import { type Profile, profileSchema } from '#core/profile/profile.ts';

/** What the schema's defaults are for these methods, whatever the required fields hold. */
function defaultsFor({ gateway, authentication, ike }: Profile): Profile {
  const proof = gateway.authentication && { authentication: { method: gateway.authentication.method } };
  return profileSchema.parse({
    format: 'adit-profile',
    version: 1,
    name: '-',
    gateway: { addresses: ['-'], ...proof },
    authentication: { method: authentication.method },
    ...(ike.ppk ? { ike: { ppk: { id: '-' } } } : {}),
  });
}

/** Required fields are written even where they equal the example above. */
const REQUIRED = new Set([
  'format',
  'version',
  'name',
  'gateway.addresses',
  'gateway.authentication.method',
  'authentication.method',
  'ike.ppk.id',
]);

/** Indented JSON with a newline at its end. Throws ZodError for what is no profile. */
export function exportProfile(profile: Profile): string {
  const complete = profileSchema.parse(profile);
  return `${JSON.stringify(without(complete, defaultsFor(complete), ''), undefined, 2)}\n`;
}

/** `value` without what `defaults` says alike; objects that end up empty go too. */
function without(value: object, defaults: unknown, path: string): object {
  const kept = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const name = path === '' ? key : `${path}.${key}`;
    const usual = isObject(defaults) ? defaults[key] : undefined;
    if (isObject(inner)) {
      const rest = without(inner, usual, name);
      return Object.keys(rest).length > 0 ? [[key, rest]] : [];
    }
    return REQUIRED.has(name) || JSON.stringify(inner) !== JSON.stringify(usual) ? [[key, inner]] : [];
  });
  return Object.fromEntries(kept);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
