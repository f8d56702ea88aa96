/**
 * What an installed Electron cannot be talked into: the fuses of electron-builder.yml (docs/security.md), and that
 * electron-builder itself takes the file as it is written: a misspelt fuse would be left as Electron ships it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

interface Configuration {
  readonly asar: unknown;
  readonly files: readonly string[];
  readonly electronFuses: Readonly<Record<string, boolean>>;
}
/** What is used of it; electron-builder brings it, and its yaml reader, along. */
interface Builder {
  readonly validateConfiguration: (
    configuration: unknown,
    log: { readonly isEnabled: boolean },
  ) => Promise<void>;
}

const fromHere = createRequire(import.meta.url);
const fromBuilder = createRequire(fromHere.resolve('electron-builder/package.json'));
const fromLibrary = createRequire(fromBuilder.resolve('app-builder-lib/package.json'));
const { validateConfiguration } = fromBuilder('app-builder-lib/out/util/config/config.js') as Builder;
const yaml = fromLibrary('js-yaml') as { load(text: string): unknown };

const path = new URL('../../../electron-builder.yml', import.meta.url);
const configuration = yaml.load(readFileSync(path, 'utf8')) as Configuration;
const accepts = (given: unknown): Promise<void> => validateConfiguration(given, { isEnabled: false });

it('are all set, one way or the other', () => {
  expect(configuration.electronFuses).toEqual({
    // Electron as an interpreter for whoever can start it.
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    grantFileProtocolExtraPrivileges: false,
    // Code from elsewhere than the archive that was packaged.
    onlyLoadAppFromAsar: true,
    enableEmbeddedAsarIntegrityValidation: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    enableCookieEncryption: true,
  });
});

it('are all that electron-builder knows: a new one wants a decision', () => {
  const { definitions } = fromBuilder('app-builder-lib/scheme.json') as {
    definitions: { FuseOptionsV1: { properties: object } };
  };
  // No fuse, but a matter of signing on macOS.
  const known = Object.keys(definitions.FuseOptionsV1.properties).filter(
    (name) => name !== 'resetAdHocDarwinSignature',
  );
  expect(Object.keys(configuration.electronFuses).toSorted()).toEqual(known.toSorted());
});

it('hold the application in its archive', () => {
  expect(configuration.asar).toBe(true);
  expect(configuration.files).toContain('!node_modules');
});

it('are what electron-builder takes', async () => {
  await expect(accepts(configuration)).resolves.toBeUndefined();
});

it.each([
  ['a fuse that does not exist', { electronFuses: { ...configuration.electronFuses, runAsNodes: false } }],
  ['a fuse that is neither on nor off', { electronFuses: { runAsNode: 'never' } }],
  ['a section of another name', { electronFuse: configuration.electronFuses }],
])('%s is refused', async (_, change) => {
  await expect(accepts({ ...configuration, ...change })).rejects.toThrow(/electronFuse|fuse/i);
});
