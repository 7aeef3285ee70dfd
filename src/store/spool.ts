/** Files between two desks, in the system's temporary folder: never whole in memory, and gone when their write has ended. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeskFailure } from '../ports/connector.ts';
import type { FileStore, KeptFile } from '../ports/files.ts';

export interface Spool extends FileStore {
  /** Removes the folder with whatever is left in it. */
  close(): Promise<void>;
}

/** `parent` is the folder in which the spool makes its own. */
export function createSpool(parent = tmpdir()): Spool {
  let folder: Promise<string> | null = null;

  return {
    async keep({ stream, size: told }, most) {
      if (told !== null && told > most) {
        await ended(stream);
        return null;
      }
      folder ??= mkdtemp(join(parent, 'deskmesh-files-'));
      const path = join(await folder, randomUUID());
      const hash = createHash('sha256');
      let size = 0;
      const file = await open(path, 'wx', 0o600);
      try {
        for await (const part of parts(stream)) {
          size += part.length;
          if (size > most) break;
          hash.update(part);
          await file.writeFile(part);
        }
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      if (size > most || (told !== null && size !== told)) {
        await rm(path, { force: true });
        if (size > most) return null;
        throw new DeskFailure('unavailable', `a file ended after ${size} of ${told} bytes`);
      }
      const kept: KeptFile = {
        size,
        sha256: hash.digest('hex'),
        open: () => createReadStream(path),
        blob: () => openAsBlob(path),
        drop: () => rm(path, { force: true }),
      };
      return kept;
    },
    async close() {
      if (folder !== null) await rm(await folder, { recursive: true, force: true });
    },
  };
}

/** What goes wrong on the way is the desk's failure, not the disk's. */
async function* parts(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    if (error instanceof DeskFailure) throw error;
    throw new DeskFailure('unavailable', 'a file could not be fetched to its end');
  }
}

async function ended(stream: AsyncIterable<Uint8Array>): Promise<void> {
  await stream[Symbol.asyncIterator]().return?.();
}
