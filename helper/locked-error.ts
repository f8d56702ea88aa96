/** What unlock.ts and open-files.ts reject with where a password is wrong; the ipc calls tell which field it was. */
import { StoreError } from './profile-store.ts';

/** A password that opens nothing; `field` is its name in the calls that take it. */
export class LockedError extends StoreError {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }

  /** The same, for one of several. */
  below(place: string): LockedError {
    return new LockedError(`${place}.${this.field}`, this.message);
  }
}
