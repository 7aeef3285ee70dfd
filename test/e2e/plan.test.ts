/** `deskmesh plan`: what a new mesh.yaml would change and cause, with nothing written, and then `apply` does it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilAlike } from '../support/alike.ts';
import { jsonLines, prose, type Line } from '../support/commands.ts';
import { finished } from '../support/running.ts';
import { NAMES, startTrio, type Trio } from '../support/trio.ts';

let trio: Trio;
const both = ['zendesk', 'freshdesk'] as const;

beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh({ names: both });
  await changed(({ mirrors }) => {
    for (const mirror of mirrors) mirror['comments'] = 'none';
  });
  await trio.serve({ LOG_LEVEL: 'error', SWEEP_SECONDS: '300' });
  for (const subject of ['First', 'Second']) {
    const id = await trio.human('zendesk').create(subject);
    await trio.human('zendesk').comment(id, `About ${subject.toLowerCase()}`, 'public');
  }
  await untilAlike(trio, ['First', 'Second'].map((subject) => ({ subject, comments: [] })), 15_000, ['freshdesk']);
});
afterAll(() => trio.close());

interface Mesh {
  readonly accounts: Line[];
  readonly mirrors: Line[];
}

async function changed(change: (mesh: Mesh) => void): Promise<string> {
  const path = join(trio.folder, 'mesh.yaml');
  const mesh = JSON.parse(await readFile(path, 'utf8')) as Mesh;
  change(mesh);
  await writeFile(path, JSON.stringify(mesh));
  return path;
}

const writes = (): readonly number[] => NAMES.map((name) => trio.counts(name).write_count);
const of = (lines: readonly Line[], what: string): readonly unknown[] => lines.flatMap((line) => (line[what] === undefined ? [] : [line[what]]));

test('the file that is applied already changes nothing', async () => {
  const { code, lines, stderr } = await jsonLines(trio, ['plan', '--config', join(trio.folder, 'mesh.yaml')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(of(lines, 'account')).toMatchObject(both.map((name) => ({ name, change: 'same' })));
  expect(of(lines, 'mirror')).toMatchObject([{ name: 'all', change: 'same' }]);
  expect(of(lines, 'plan')).toEqual([{ links: 0, due: 0, dropped: 0 }]);
});

test('another account and other terms are told with the writes that they would cause, and nothing is written', async () => {
  const before = writes();
  await trio.mesh();
  const path = await changed(({ accounts }) => {
    accounts.find(({ name }) => name === 'freshdesk')!['settings'] = { public_comments: 'note', find_lag_seconds: 3 };
  });
  const { code, lines } = await jsonLines(trio, ['plan', '--config', path, '--sample', '1']);
  expect(code).toBe(0);
  expect(of(lines, 'account')).toMatchObject([
    { name: 'zendesk', change: 'same' },
    { name: 'freshdesk', change: 'changed', what: ['settings.public_comments', 'settings.find_lag_seconds'] },
    { name: 'helpdesk', change: 'added' },
  ]);
  expect(of(lines, 'mirror')).toMatchObject([
    {
      name: 'all', change: 'changed',
      ways: expect.arrayContaining([expect.objectContaining({ from: 'zendesk', to: 'freshdesk', change: 'changed', terms: [{ name: 'comments', was: 'none', is: 'all' }] }), expect.objectContaining({ from: 'zendesk', to: 'helpdesk', change: 'added' })]),
    },
  ]);
  expect(of(lines, 'unasked')).toEqual([{ account: 'helpdesk', why: 'it is not connected yet' }]);
  expect(of(lines, 'steps')).toEqual([
    { account: 'freshdesk', kind: 'comment.create', due: 2, dropped: 0 },
    { account: 'helpdesk', kind: 'comment.create', due: 2, dropped: 0 },
    { account: 'helpdesk', kind: 'ticket.create', due: 2, dropped: 0 },
  ]);
  expect(of(lines, 'sample')).toHaveLength(1);
  expect(of(lines, 'plan')).toEqual([{ links: 2, due: 6, dropped: 0 }]);

  const text = await prose(trio, ['plan', '--config', path]);
  expect(text).toMatch(/account helpdesk \(helpdesk\): new/);
  expect(text).toMatch(/zendesk → freshdesk: comments “none” → “all”/);
  expect(text).toMatch(/freshdesk: comment\.create: 2 would be written/);
  expect(text).not.toMatch(/sandbox-.*(?:key|token)/);
  expect(writes()).toEqual(before);
  expect((await jsonLines(trio, ['plan', '--config', path])).lines.filter((line) => line['plan'] !== undefined)).toEqual([{ plan: { links: 2, due: 6, dropped: 0 } }]);
});

test('a faulty file is refused with every fault in its place, and without one the command says what it needs', async () => {
  const path = join(trio.folder, 'broken.yaml');
  await writeFile(path, 'accounts: [{name: a, service: zendisk, url: "https://a.example", credentials: {}}]\nmirrors: [{name: m, accounts: [a, b]}]\n');
  const broken = await finished(trio.command(['plan', '--config', path]));
  expect(broken).toMatchObject({ code: 1, stdout: '' });
  expect(broken.stderr).toMatch(/There is no connector of this name.*zendesk/s);
  expect(broken.stderr).toMatch(/There is no account of this name/);
  expect(await finished(trio.command(['plan']))).toMatchObject({ code: 1, stderr: expect.stringMatching(/name mesh\.yaml here/) });
});
