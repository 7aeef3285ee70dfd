/** What lists gave, object by object: so that pages which do not hold still give each object once all the same. */
import type { GivenStore } from '../ports/api.ts';
import type { Database } from './database.ts';

export function createGiven(database: Database): GivenStore {
  return {
    async before(listing, turn, digests) {
      if (digests.length === 0) return new Set();
      const rows = await database.run<{ digest: string }>(
        'given_before',
        `select g.digest from unnest($3::text[]) as t (digest) join given g on g.listing = $1 and g.digest = t.digest and g.turn < $2`,
        [listing, turn, digests],
      );
      return new Set(rows.map(({ digest }) => digest));
    },
    async note(listing, turn, digests) {
      if (digests.length === 0) return;
      await database.run('given_note', `insert into given (listing, digest, turn) select $1, digest, $2 from unnest($3::text[]) as t (digest) on conflict do nothing`, [listing, turn, digests]);
    },
  };
}
