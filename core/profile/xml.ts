/**
 * XML for the importers: elements and their text, over @rgrove/parse-xml (pure, no dependencies, follows XML 1.0, keeps
 * to the five predefined entities and never reads a DTD). A DOCTYPE may stand there, as Apple's does, and counts for
 * nothing; entities of a file's own are refused. Called by plist.ts and profilexml.ts.
 */
import { parseXml, XmlDocumentType, XmlElement, XmlError, XmlText } from '@rgrove/parse-xml';
import { ImportError } from '#core/profile/profile.ts';

/** Nesting that no profile has; the parser goes as deep as the file. */
const MAX_DEPTH = 64;

export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  /** Of the element itself, without its children's, and without blanks at its ends. */
  readonly text: string;
  /** The same with them. */
  readonly whole: string;
}

/** The root of the document. Throws ImportError with the line; the text itself is not quoted. */
export function parseElement(name: string, text: string): Element {
  if (depthOf(text) > MAX_DEPTH)
    throw new ImportError(`${name}: elements are nested deeper than ${MAX_DEPTH}`);
  try {
    const document = parseXml(text, { preserveDocumentType: true });
    const own = document.children.some(
      (node) => node instanceof XmlDocumentType && node.internalSubset !== null,
    );
    if (own) throw entities(name);
    if (!document.root) throw new ImportError(`${name}: the XML has no element`);
    return toElement(document.root);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    if (text.includes('<!ENTITY')) throw entities(name);
    throw new ImportError(`${name}:${error.line}: this is not well-formed XML from here on`);
  }
}

const entities = (name: string): ImportError =>
  new ImportError(
    `${name}: the file declares XML entities of its own, which Adit refuses; expected plain elements`,
  );

function toElement(element: XmlElement): Element {
  const children = element.children.filter((node) => node instanceof XmlElement).map(toElement);
  const texts = element.children.filter((node) => node instanceof XmlText).map(({ text }) => text);
  const whole = texts.join('');
  return { name: element.name, children, text: whole.trim(), whole };
}

/** Where each construct that may hold "<" ends. */
const ENDS: readonly (readonly [string, string])[] = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
];

/** How deep start tags nest, in one pass; where the text is broken, what it was until there. */
function depthOf(text: string): number {
  const tag = /(?:[^"'<>]|"[^"]*"|'[^']*')*>/y;
  let depth = 0;
  let deepest = 0;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const [begin, close] = ENDS.find(([start]) => text.startsWith(start, at)) ?? [];
    if (begin !== undefined && close !== undefined) {
      const end = text.indexOf(close, at + begin.length);
      if (end < 0) return deepest;
      at = end;
    } else if (text[at + 1] === '/') {
      depth--;
    } else if (text[at + 1] !== '!') {
      tag.lastIndex = at + 1;
      if (!tag.test(text)) return deepest + 1;
      if (text[tag.lastIndex - 2] !== '/') depth++;
      deepest = Math.max(deepest, depth);
      at = tag.lastIndex - 1;
    }
  }
  return deepest;
}

/** Children of that name. */
export const named = (element: Element, name: string): Element[] =>
  element.children.filter((child) => child.name === name);

/** `NativeProfile.Servers` and its text, for each element without children. */
export function leafTexts(element: Element, path = ''): [string, string][] {
  return element.children.flatMap((child): [string, string][] => {
    const name = path === '' ? child.name : `${path}.${child.name}`;
    return child.children.length === 0 ? [[name, child.text]] : leafTexts(child, name);
  });
}
