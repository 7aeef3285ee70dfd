/** Where this mesh is reached: what the process that listens tells those that do not. */
import type { Database } from './database.ts';

export interface AddressStore {
  /** Under which desks reach the server that was started last, without a trailing slash; null before the first. */
  read(): Promise<string | null>;
  write(url: string): Promise<void>;
}

export function createAddress(database: Database): AddressStore {
  return {
    async read() {
      const [row] = await database.run<{ public_url: string | null }>('public_url', `select public_url from configuration`, []);
      return row?.public_url ?? null;
    },
    async write(url) {
      await database.run('public_url_set', `update configuration set public_url = $1 where public_url is distinct from $1`, [url]);
    },
  };
}
