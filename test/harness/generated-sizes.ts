/**
 * Before each file of the suites that draw their inputs: a collection may become as long as its `maxLength` says. Left to
 * itself fast-check stops at ten, and a datagram of ten octets has not even a header. Vitest's setupFiles.
 */
import { configureGlobal } from 'fast-check';

configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });
