/** Every example of docs/automations.md is a part of a mesh.yaml that is taken, and kept, as it stands there. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readDesired } from '../../src/cli/desired.ts';
import { readConfig } from '../../src/config.ts';
import { AUTOMATION_EVENTS } from '../../src/core/automation.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { createWorld } from '../../src/world.ts';

const ACCOUNTS = `
accounts:
  - { name: support, service: zendesk, url: "https://support.zendesk.com", credentials: { email: bot@acme.example, token: t } }
  - { name: vendor, service: freshdesk, url: "https://vendor.freshdesk.com", credentials: { key: k } }
`;

const page = await readFile(new URL('../../docs/automations.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'automations-page-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('there are examples, of every action', () => {
  expect(examples.length).toBeGreaterThanOrEqual(3);
  for (const action of ['create_ticket', 'update_ticket', 'create_comment', 'notify']) expect(examples.join('')).toContain(`- ${action}:`);
});

test.each(examples.map((yaml, at) => [at + 1, yaml] as const))('example %i is applied as it stands', async (at, yaml) => {
  const path = join(folder, `${at}.yaml`);
  await writeFile(path, ACCOUNTS + yaml);
  const desired = await readDesired(readConfig({ DESKMESH_CONFIG: path }).config, {});
  if (desired?.automations === undefined) throw new Error('the example was not read');
  expect(desired.automations).not.toEqual([]);
  const { accounts } = createMemoryStore(createWorld({ level: 'silent' }));
  await accounts.apply(desired.accounts, desired.mirrors, undefined, desired.automations);
  expect((await accounts.load()).automations).toEqual(desired.automations);
});

test('every event that can be named is on the page', () => {
  const [, row = ''] = /\| `events` \|(.*)\|/.exec(page) ?? [];
  expect([...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name).sort()).toEqual([...AUTOMATION_EVENTS].sort());
});
