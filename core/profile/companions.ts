/**
 * Certificates, keys and PKCS#12 files that are imported together with a profile: found by the name that the profile
 * gives (a path's last part), or simply because it needs one and there is one. Nothing is opened: all came with the
 * same import. Called by import.ts (collecting) and draft.ts (attaching).
 */
import { fromBase64 } from '#core/bytes/base64.ts';
import { EMPTY } from '#core/bytes/bytes.ts';
import type { Answers } from '#core/profile/answers.ts';
import { isAuthority } from '#core/profile/certificate-shape.ts';
import type { Draft } from '#core/profile/draft.ts';

/** What one file holds besides profiles: certificates (base64 of DER) and keys (base64 of PKCS#8), or a PKCS#12. */
export interface Companion {
  readonly name: string;
  readonly certificates: readonly string[];
  readonly keys: readonly string[];
  readonly pkcs12?: string;
}

export class Companions {
  readonly files: readonly Companion[];
  readonly #used = new Set<Companion>();
  readonly #authorities = new Map<string, boolean>();

  constructor(files: readonly Companion[]) {
    this.files = files;
  }

  /** The file that `path` means, by its last part: `/etc/ipsec.d/certs/a.pem` is the `a.pem` that came along. */
  find(path: string): Companion | undefined {
    const last = (text: string): string => (text.split(/[/\\]/).at(-1) ?? '').toLowerCase();
    const found = this.files.find(({ name }) => last(name) === last(path));
    if (found) this.#used.add(found);
    return found;
  }

  use(file: Companion): Companion {
    this.#used.add(file);
    return file;
  }

  /** Whether a certificate (base64) calls itself an authority; many profiles ask for the same ones. */
  isAuthority(certificate: string): boolean {
    const known = this.#authorities.get(certificate) ?? isAuthority(fromBase64(certificate) ?? EMPTY);
    this.#authorities.set(certificate, known);
    return known;
  }

  get unused(): Companion[] {
    return this.files.filter((file) => !this.#used.has(file));
  }
}

/** Takes what `draft` still needs from `companions`, and says so. */
export function attach(draft: Draft, companions: Companions, answers: Answers): void {
  const { local, remote, secrets } = draft;
  const needsOurs =
    local.proofs.includes('certificate') || local.methods.includes('tls') || local.innerMethod === 'eap-tls';
  if (needsOurs && secrets.pkcs12 === undefined && secrets.privateKey === undefined) {
    attachOurs(draft, companions, answers);
  }
  if (remote.proof === 'psk' || (remote.proof === undefined && local.proofs[0] === 'psk')) return;
  for (const file of companions.files) {
    const anchors = file.certificates.filter(
      (certificate) => !needsOurs || companions.isAuthority(certificate),
    );
    const fresh = anchors.filter((certificate) => !remote.ca.includes(certificate));
    if (fresh.length === 0 || file.keys.length > 0) continue;
    remote.ca.push(...fresh);
    companions.use(file);
    answers.add(
      'taken',
      file.name,
      undefined,
      `${counted(fresh.length)} of authorities, trusted for the gateway`,
    );
  }
}

const counted = (count: number): string => (count === 1 ? '1 certificate' : `${count} certificates`);

function attachOurs(draft: Draft, companions: Companions, answers: Answers): void {
  const { local, secrets } = draft;
  const boxes = companions.files.filter(({ pkcs12 }) => pkcs12 !== undefined);
  const [box] = boxes;
  if (box?.pkcs12 !== undefined && boxes.length === 1) {
    secrets.pkcs12 = box.pkcs12;
    companions.use(box);
    answers.add('taken', box.name, undefined, 'PKCS#12: our certificate and its key');
    return;
  }
  if (boxes.length > 1) {
    const names = boxes.map(({ name }) => name).join(', ');
    answers.add('missing', 'pkcs12', undefined, `several files may be meant (${names}): import one of them`);
    return;
  }
  const keys = companions.files.flatMap((file) => file.keys.map((key) => ({ file, key })));
  const leaves = companions.files.flatMap((file) =>
    file.certificates
      .filter((one) => !companions.isAuthority(one))
      .map((certificate) => ({ file, certificate })),
  );
  const [key, leaf] = [keys[0], leaves[0]];
  if (key && keys.length === 1) {
    secrets.privateKey = key.key;
    answers.add('taken', companions.use(key.file).name, undefined, 'our private key');
  }
  if (leaf && leaves.length === 1 && local.certificate === undefined) {
    local.certificate = leaf.certificate;
    answers.add('taken', companions.use(leaf.file).name, undefined, 'our certificate');
  }
}
