import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { claim } from '../../src/store/embedded/owner.ts';
import { processSpace } from '../../src/store/embedded/processes.ts';

test('a folder whose owner died goes to exactly one of those that take it at the same time', async () => {
  const dead = { pid: 999_999_999, born: 'long ago', space: await processSpace(), token: 'dead', url: null };
  for (let round = 0; round < 50; round += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'owner-test-'));
    await writeFile(join(folder, 'postgres.owner'), `${JSON.stringify(dead)}\n`);
    const takes = await Promise.allSettled(Array.from({ length: 5 }, () => claim(folder)));
    expect(takes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['postgres.owner']);
    await rm(folder, { recursive: true });
  }
});
