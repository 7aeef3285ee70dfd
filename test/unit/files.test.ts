/** Files on their way between two desks: fetched, measured and hashed on our own disk, and gone afterwards. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { FileDraft } from '../../src/core/model.ts';
import { createStepFiles } from '../../src/engine/files.ts';
import type { Roster } from '../../src/engine/roster.ts';
import { DeskFailure, type Desk, type Download, type FailureKind } from '../../src/ports/connector.ts';
import { createSpool } from '../../src/store/spool.ts';
import { intent } from './core/given.ts';

const spool = createSpool();
afterAll(() => spool.close());

async function* pouring(...parts: (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}
const offered = (size: number | null, ...parts: (string | Error)[]): Download => ({ stream: pouring(...parts), size, content_type: null });

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('the spool', () => {
  test('keeps a file, tells its size and hash, and opens it as often as asked', async () => {
    const kept = await spool.keep(offered(null, 'ab', 'c'), 10);
    expect(kept).toMatchObject({ size: 3, sha256: createHash('sha256').update('abc').digest('hex') });
    expect([await textOf(kept!.open()), await textOf(kept!.open()), await (await kept!.blob()).text()]).toEqual(['abc', 'abc', 'abc']);
    await kept?.drop();
  });

  test.each([['told', 11], ['not told', null]])('takes none that is too large, its size %s', async (_, size) => {
    expect(await spool.keep(offered(size, 'a'.repeat(6), 'b'.repeat(6)), 10)).toBeNull();
  });

  test.each([
    ['breaks off', offered(null, 'a', new Error('cut'))],
    ['is shorter than told', offered(5, 'abc')],
  ])('does not take a file for whole that %s', async (_, download) => {
    await expect(spool.keep(download, 10)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deskmesh-spool-test-'));
    const own = createSpool(folder);
    await own.keep(offered(null, 'abc'), 10);
    expect(await readdir(folder)).toHaveLength(1);
    await own.close();
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

describe('the files of a step', () => {
  const draft = (id: string, size: number | null = 3): FileDraft => ({
    from: 1, ticket_id: 'T1', comment_id: 'C1', id, url: `https://one.example/${id}`, filename: `${id}.txt`, content_type: null, size, inline: false,
  });
  const to = { can: { files: { maxBytes: 5, maxTotalBytes: 7 } } } as Desk;
  const rosterOf = (download: Desk['download']): Roster => ({ member: () => ({ desk: { download } }) }) as unknown as Roster;
  const fetchAll = (download: Desk['download'], ...ids: FileDraft[]) =>
    createStepFiles({ roster: rosterOf(download), files: spool }).fetch(intent({ draft: { content: '', public: true, files: ids } }), to);

  test('come with their bytes; those that are too large stay behind, by name', async () => {
    const fetched = await fetchAll(async ({ id }) => offered(null, id === 'big' ? 'x'.repeat(6) : 'abc'), draft('a'), draft('big', null), draft('told', 6), draft('b'), draft('c'));
    expect(fetched.sources.map(({ id, size }) => [id, size])).toEqual([['a', 3], ['b', 3]]);
    expect(fetched.warnings.map(({ reason }) => reason)).toEqual([
      'big.txt: larger than the 4 bytes that this desk takes',
      'told.txt: larger than the 4 bytes that this desk takes',
      'c.txt: larger than the 1 bytes that this desk takes',
    ]);
    await fetched.release();
  });

  test.each(['missing', 'refused', 'surprise'] satisfies FailureKind[])('stay behind where their desk is final about it: %s', async (kind) => {
    const fetched = await fetchAll(() => Promise.reject(new DeskFailure(kind, 'gone')), draft('a'));
    expect(fetched).toMatchObject({ sources: [], warnings: [{ field: 'attachments', reason: 'a.txt: gone' }] });
  });

  test.each(['unavailable', 'throttled', 'unauthorised'] satisfies FailureKind[])('are waited for where their desk may still give them: %s', async (kind) => {
    const failing = fetchAll(async ({ id }) => (id === 'a' ? offered(3, 'abc') : Promise.reject(new DeskFailure(kind, 'later', { retryAt: 9 }))), draft('a'), draft('b'));
    await expect(failing).rejects.toMatchObject({ kind: 'unavailable', retryAt: 9 });
  });
});
