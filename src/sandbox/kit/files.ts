/** The files that a desk holds: bytes under a number, and a token that nobody guesses. */
import { randomBytes } from 'node:crypto';

export interface StoredFile {
  readonly id: number;
  readonly token: string;
  readonly filename: string;
  readonly type: string;
  readonly bytes: Buffer;
  readonly at: number;
}

export interface Files {
  add(file: Pick<StoredFile, 'filename' | 'type' | 'bytes'>, at: number): StoredFile;
  byId(id: number): StoredFile | undefined;
  byToken(token: string): StoredFile | undefined;
  remove(id: number): void;
  clear(): void;
}

/** `ids` is the first file's number, so that ids look like the vendor's; or what gives numbers to all that the desk holds. */
export function createFiles(ids: number | (() => number)): Files {
  let next = typeof ids === 'number' ? ids : 0;
  const nextId = typeof ids === 'number' ? () => (next += 1) - 1 : ids;
  const files = new Map<number, StoredFile>();
  return {
    add(file, at) {
      const stored: StoredFile = { ...file, id: nextId(), token: randomBytes(16).toString('hex'), at };
      files.set(stored.id, stored);
      return stored;
    },
    byId: (id) => files.get(id),
    byToken: (token) => [...files.values()].find((file) => file.token === token),
    remove: (id) => void files.delete(id),
    clear() {
      files.clear();
      if (typeof ids === 'number') next = ids;
    },
  };
}
