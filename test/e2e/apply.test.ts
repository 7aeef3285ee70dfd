/** `deskmesh apply` beside a running system: what is added works at once, and applying again changes nothing. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilAlike } from '../support/alike.ts';
import { finished, type Running } from '../support/running.ts';
import { startTrio, type Trio } from '../support/trio.ts';

let trio: Trio;
let serve: Running;

beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh({ names: ['helpdesk'] });
  serve = await trio.serve({ LOG_LEVEL: 'error', SWEEP_SECONDS: '300' });
});
afterAll(() => trio.close());

async function apply(path: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const applying = trio.command(['apply', '--json', '--config', path], env);
  expect(await finished(applying)).toMatchObject({ code: 0, stderr: '' });
  return applying;
}

const webhooks = (): readonly unknown[] => (['helpdesk', 'zendesk', 'freshdesk'] as const).map((name) => (trio.desk(name).state() as { webhooks: unknown }).webhooks);

test('a new account and mirror begin to work without a restart, and applying the same again changes nothing', async () => {
  const path = await trio.mesh();
  const first = await apply(path);
  expect(first.accounts().map(({ name, hook }) => ({ name, hook }))).toEqual([
    { name: 'helpdesk', hook: 'registered' },
    { name: 'zendesk', hook: 'registered' },
    { name: 'freshdesk', hook: 'manual' },
  ]);
  expect(first.accounts()[0]).toEqual(serve.accounts()[0]);
  await trio.hookByHand(first);

  await trio.human('zendesk').create('From the new one');
  await untilAlike(trio, [{ subject: 'From the new one', comments: [] }], 60_000);

  // Where the server listens is known from the server, whatever this command's own settings are.
  const before = webhooks();
  const second = await apply(path, { PORT: '' });
  expect(second.lines).toEqual(first.lines);
  expect(webhooks()).toEqual(before);
  await trio.human('freshdesk').comment(trio.tickets('freshdesk')[0]!.id, 'Still here', 'public');
  await untilAlike(trio, [{ subject: 'From the new one', comments: [{ text: 'Still here', public: true }] }], 60_000);
});

test('a broken file changes nothing of what runs', async () => {
  const path = join(trio.folder, 'broken.yaml');
  const text = await readFile(join(trio.folder, 'mesh.yaml'), 'utf8');
  await writeFile(path, text.replace('"service": "zendesk"', '"service": "zendisk"').replace('"helpdesk"\n', '"helpdusk"\n'));
  const said = await finished(trio.command(['apply', '--json', '--config', path]));
  expect(said).toMatchObject({ code: 1, stdout: '' });
  expect(said.stderr).toMatch(/There is no connector of this name.*Did you mean zendesk/s);
  await trio.human('helpdesk').create('Unimpressed');
  await untilAlike(trio, [{ subject: 'From the new one', comments: [{ text: 'Still here', public: true }] }, { subject: 'Unimpressed', comments: [] }], 60_000);
  expect(serve.stderr()).toBe('');
});
