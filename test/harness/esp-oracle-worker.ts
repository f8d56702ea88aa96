/** One thread of the oracle comparison: its share comes as workerData, the report goes back as a message. */
import { parentPort, workerData } from 'node:worker_threads';
import { compareTwins, type OracleOptions } from './esp-oracle.ts';

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads, not a window
parentPort?.postMessage(compareTwins(workerData as OracleOptions));
