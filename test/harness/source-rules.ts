/**
 * Reads a source file as a tree and says which rules of docs/architecture.md it breaks. Used by
 * test/unit/architecture.test.ts on every file of the project, and there on fixtures that must fail.
 */
import { dirname, join, normalize } from 'node:path';
import { parseAst } from 'vitest/node';

/** Which folder of core/ may use which. Everything absent is forbidden; the table itself must have no circle. */
export const CORE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  text: [],
  registry: [],
  net: ['bytes', 'text'],
  ike: ['bytes', 'text', 'registry', 'net'],
  crypto: ['bytes', 'text', 'registry', 'ike'],
  esp: ['bytes', 'registry', 'net', 'ike', 'crypto'],
  eap: ['bytes', 'text', 'registry', 'crypto'],
  // pki reads names with ike/ and checks peers before a failure can be told: failure/ embeds its verdicts.
  pki: ['bytes', 'text', 'registry', 'net', 'ike'],
  failure: ['text', 'registry', 'pki'],
  ikev2: ['bytes', 'text', 'registry', 'net', 'ike', 'crypto', 'eap', 'esp', 'pki', 'failure'],
  profile: ['bytes', 'text', 'registry', 'net', 'ike', 'crypto', 'pki'],
  ipc: ['bytes', 'text', 'failure', 'profile'],
};

/** Which top folder may import which (a single file by its path), and which packages. `node` stands for everything `node:*`. */
export const FOLDER_MAY_IMPORT: Readonly<Record<string, { folders: readonly string[]; packages: RegExp }>> = {
  core: {
    folders: ['core'],
    packages:
      /^(@noble\/(ciphers|curves|hashes|post-quantum)|zod|des\.js|@peculiar\/asn1-(schema|x509|ocsp)|@rgrove\/parse-xml)(\/|$)/,
  },
  helper: {
    folders: ['core', 'helper', 'package.json'],
    packages: /^(node:|zod$|@peculiar\/asn1-(schema|x509|cms|pfx)$)/,
  },
  cli: { folders: ['core', 'cli', 'package.json'], packages: /^(node:|zod$)/ },
  electron: {
    folders: ['core', 'electron', 'package.json'],
    packages: /^(node:|zod$|electron$|@vscode\/sudo-prompt$)/,
  },
  renderer: { folders: ['core', 'renderer', 'electron/bridge-contract.ts'], packages: /^(?!node:|electron)/ },
};

/** Names that reach a clock, randomness, the system or a screen: core/ gets all of them as arguments. */
const IMPURE = new Set(
  `process Buffer console performance Date crypto require global globalThis window document self navigator
   setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask fetch
   XMLHttpRequest WebSocket URL TextEncoder TextDecoder atob btoa structuredClone Promise localStorage
   __dirname __filename Intl Math.random async import.meta`.split(/\s+/),
);

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Parts of a node that hold a plain name, not a use of a variable: `a.NAME`, `{ NAME: 1 }`, `NAME()` in a class. */
const NAME_ONLY: Readonly<Record<string, string>> = {
  MemberExpression: 'property',
  Property: 'key',
  PropertyDefinition: 'key',
  MethodDefinition: 'key',
  AccessorProperty: 'key',
  TSPropertySignature: 'key',
  TSMethodSignature: 'key',
  TSQualifiedName: 'right',
  ImportSpecifier: 'imported',
  ExportSpecifier: 'exported',
};

/** Parts of a node that give names of the file's own: parameters, variables, imports. */
const DECLARES: Readonly<Record<string, string>> = {
  VariableDeclarator: 'id',
  FunctionDeclaration: 'params',
  FunctionExpression: 'params',
  ArrowFunctionExpression: 'params',
  TSFunctionType: 'params',
  TSMethodSignature: 'params',
  CatchClause: 'param',
};

export interface Facts {
  /** What it imports or re-exports, as written. */
  readonly imports: readonly string[];
  /** Impure things it uses. */
  readonly impure: readonly string[];
}

/** `name` serves only the parser: its ending says which language. Throws where the text is not TypeScript. */
function readSource(name: string, text: string): Facts {
  const imports: string[] = [];
  const used = new Set<string>();
  const own = new Set<string>();
  const visit = (node: Node, nameOnly: boolean): void => {
    if (node.type === 'Identifier' && !nameOnly) used.add(String(node['name']));
    if (isMathRandom(node)) used.add('Math.random');
    if (node['async'] === true || node.type === 'AwaitExpression') used.add('async');
    if (node.type === 'MetaProperty') used.add('import.meta');
    const source = node['source'] as Node | null | undefined;
    if (/^(Import|Export).*Declaration$|^ImportExpression$/.test(node.type) && source)
      imports.push(typeof source['value'] === 'string' ? source['value'] : 'a computed import()');
    for (const declared of children(node[DECLARES[node.type] ?? ''])) declare(declared, own);
    for (const [key, value] of Object.entries(node)) {
      const only = NAME_ONLY[node.type] === key && node['computed'] !== true;
      for (const child of children(value)) visit(child, only);
    }
  };
  visit(parseAst(text, { lang: name.endsWith('x') ? 'tsx' : 'ts' }, name) as unknown as Node, false);
  return { imports, impure: [...used].filter((word) => IMPURE.has(word) && !own.has(word)) };
}

/** Adds the names that a pattern binds: `window`, `{ path: window = 4 }`, `[window]`, `...window`. */
function declare(pattern: Node, own: Set<string>): void {
  if (pattern.type === 'Identifier') own.add(String(pattern['name']));
  for (const part of ['value', 'left', 'argument', 'elements', 'properties', 'parameter'])
    for (const child of children(pattern[part])) declare(child, own);
}

function children(value: unknown): Node[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function isMathRandom(node: Node): boolean {
  if (node.type !== 'MemberExpression') return false;
  const [object, property] = [node['object'] as Node, node['property'] as Node];
  return object['name'] === 'Math' && (property['name'] ?? property['value']) === 'random';
}

/** The project's file an import of ours means, relative to the root; undefined for a package. */
function resolveImport(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (specifier.startsWith('.')) return normalize(join(dirname(file), specifier));
  return undefined;
}

/** Every rule that `file` (its path from the root, with `/`) breaks by what it says, in words. */
export function brokenRules(file: string, text: string): string[] {
  const [top = '', folder = ''] = file.split('/');
  const rule = FOLDER_MAY_IMPORT[top];
  if (rule === undefined) return [];
  const { imports, impure } = readSource(file, text);
  const broken = top === 'core' ? impure.map((name) => `${file}: core/ is pure and may not use ${name}`) : [];
  for (const specifier of imports) {
    const target = resolveImport(file, specifier);
    const [toTop = '', toFolder = ''] = target?.split('/') ?? [];
    if (target === undefined) {
      if (!rule.packages.test(specifier)) broken.push(`${file}: ${top}/ may not import ${specifier}`);
    } else if (!rule.folders.includes(toTop) && !rule.folders.includes(target)) {
      broken.push(`${file}: ${top}/ may not import from ${toTop}/ (${specifier})`);
    } else if (top === 'core' && toFolder !== folder && !CORE_MAY_IMPORT[folder]?.includes(toFolder)) {
      broken.push(`${file}: core/${folder}/ may not import from core/${toFolder}/`);
    }
  }
  return broken;
}
