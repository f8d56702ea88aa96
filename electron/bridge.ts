/**
 * Answers what the page asks. The page is not trusted: who sends is checked, the name must be on the list, and what
 * it brings must fit the helper's contract before it goes on; the helper checks again.
 */
import { z } from 'zod';
import { calls, profileSummarySchema } from '#core/ipc/contract.ts';
import { profileSchema } from '#core/profile/profile.ts';
import {
  type About,
  type AppState,
  type BridgeAnswer,
  type BridgeCallName,
  PASSED_ON,
  type PassedOn,
  type ReadProfile,
  type RepairOutcome,
  type SavedFile,
  type ShownSettings,
} from './bridge-contract.ts';
import type { HelperClient } from './helper-client.ts';
import { savedFileSchema } from './save.ts';
import { type SettingsChange, settingsChangeSchema } from './settings.ts';
import { LinkError, RefusedError } from './helper-connection.ts';

export interface BridgeServices {
  readonly helper: Pick<HelperClient, 'call' | 'reconnect'>;
  readonly state: () => AppState;
  readonly repair: () => Promise<RepairOutcome>;
  readonly copy: (text: string) => Promise<void>;
  readonly save: (file: SavedFile) => Promise<boolean>;
  readonly setSettings: (change: SettingsChange) => ShownSettings;
  readonly followLog: (on: boolean) => Promise<void>;
  readonly about: () => Promise<About>;
  readonly unsaved: (isThere: boolean) => void;
  readonly quit: () => void;
}

/** The details of a tunnel are some kilobytes; the rest is for lines of the log. */
const MAX_COPIED = 4 * 1024 * 1024;

const readProfile = z.object({ summary: profileSummarySchema, profile: profileSchema });
const nothing = z.strictObject({});
const copied = z.strictObject({ text: z.string().max(MAX_COPIED) });

const following = z.strictObject({ on: z.boolean() });
const unsaved = z.strictObject({ unsaved: z.boolean() });

const isPassedOn = (name: unknown): name is PassedOn => PASSED_ON.some((known) => known === name);

/** Never rejects: what goes wrong is a value with words in it. */
export async function answer(
  services: BridgeServices,
  name: unknown,
  params: unknown,
): Promise<BridgeAnswer<BridgeCallName>> {
  try {
    return { ok: true, result: await resultOf(services, name, params) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const kind =
      error instanceof LinkError ? 'no-helper' : error instanceof RefusedError ? 'refused' : 'failed';
    const problems = error instanceof RefusedError ? error.problems : undefined;
    return { ok: false, problem: { kind, message, ...(problems === undefined ? {} : { problems }) } };
  }
}

async function resultOf(services: BridgeServices, name: unknown, params: unknown) {
  if (isPassedOn(name)) {
    if (name === 'profiles.get')
      return ofOurVersion(await services.helper.call(name, parsed(name, calls[name].params, params)));
    return await services.helper.call(name, parsed(name, calls[name].params, params));
  }
  switch (name) {
    case 'app.state':
      parsed(name, nothing, params);
      return services.state();
    case 'app.reconnect':
      parsed(name, nothing, params);
      services.helper.reconnect();
      return null;
    case 'app.repair': {
      parsed(name, nothing, params);
      const outcome = await services.repair();
      services.helper.reconnect();
      return outcome;
    }
    case 'app.copy':
      await services.copy(parsed(name, copied, params).text);
      return null;
    case 'app.save':
      return { saved: await services.save(parsed(name, savedFileSchema, params)) };
    case 'app.log.follow':
      await services.followLog(parsed(name, following, params).on);
      return null;
    case 'app.about':
      parsed(name, nothing, params);
      return await services.about();
    case 'app.settings.set':
      return services.setSettings(parsed(name, settingsChangeSchema, params));
    case 'app.unsaved':
      services.unsaved(parsed(name, unsaved, params).unsaved);
      return null;
    case 'app.quit':
      parsed(name, nothing, params);
      services.quit();
      return null;
    default:
      throw new TypeError('the page asked for something that does not exist');
  }
}

/** The contract leaves a profile open; the window shows and edits what it knows. Throws Error. */
function ofOurVersion(result: unknown): ReadProfile {
  const read = readProfile.safeParse(result);
  if (read.success) return read.data;
  throw new Error(
    'this profile has settings that this version of the window does not know; use adit instead',
  );
}

/** Throws TypeError that names the field. */
function parsed<S extends z.ZodType>(name: string, schema: S, params: unknown): z.output<S> {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TypeError(`${name}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'does not fit'}`);
}
