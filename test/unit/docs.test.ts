import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { connectors } from '../../src/connectors/index.ts';
import { SANDBOX_DESKS } from '../../src/sandbox/index.ts';
import { openDesk } from '../../src/sandbox/kit/server.ts';
import { connectorsPage } from '../docs/connectors-page.ts';
import { guaranteesPage } from '../docs/guarantees-page.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const excerptsOf = (path: string): readonly (readonly [string, string])[] =>
  [...read(path).matchAll(/<!-- (\S+) -->\n```\w+\n([\s\S]*?)```/g)].map(([, from = '', text = '']) => [from, text] as const);

describe('docs/connectors.md', () => {
  test('is what `npm run docs` makes of the connectors and their hard cases', () => {
    expect(read('docs/connectors.md') === connectorsPage() ? 'up to date' : 'run npm run docs').toBe('up to date');
  });

  test.each(Object.keys(connectors))('tells of %s how it keeps to once, and what it cannot', (service) => {
    const [, section = ''] = read('docs/connectors.md').split(`../src/connectors/${service}/README.md`);
    expect(section.split('\n## ')[0]).toMatch(/It cannot: \S/);
    expect(read('docs/connectors.md')).toContain(connectors[service]?.about.once);
    expect(existsSync(new URL(`src/connectors/${service}/README.md`, ROOT))).toBe(true);
  });
});

describe('docs/guarantees.md', () => {
  const page = read('docs/guarantees.md');

  test('says of each connector what `npm run docs` makes of it', () => {
    expect(page === guaranteesPage(page) ? 'up to date' : 'run npm run docs').toBe('up to date');
  });

  test('names a way to check each promise, and every test that it names is there under that name', () => {
    const promises = page.split(/^## (?=\d\. )/m).slice(1);
    expect(promises).toHaveLength(7);
    for (const promise of promises) expect(promise).toMatch(/^Check it: .*`test\//m);
    const named = [...page.matchAll(/`(test\/[^`]+\.ts)`(?: \(|: )\*([^*]+)\*/g)].map(([, path = '', title = '']) => [path, title.replace(/\s+/g, ' ')] as const);
    expect(named.length).toBeGreaterThanOrEqual(9);
    for (const [path, title] of named) expect([path, read(path).includes(`'${title}'`) ? title : 'no test of this name']).toEqual([path, title]);
  });
});

describe('docs/adding-a-connector.md', () => {
  const excerpts = excerptsOf('docs/adding-a-connector.md');

  test('shows excerpts of every part of the sixth desk', () => {
    const parts = new Set(excerpts.map(([path]) => path));
    for (const part of ['pigeonhole/index.ts', 'pigeonhole/map.ts', 'pigeonhole/client.ts', 'pigeonhole/webhook.ts', 'pigeonhole/shapes.ts', 'sandbox/pigeonhole.ts', 'schemas/webhooks.schema.json', 'stage.ts']) {
      expect(parts).toContain(`test/sixth-desk/${part}`);
    }
  });

  test.each(excerpts)('an excerpt of %s stands there as it is shown', (path, text) => {
    expect(read(path)).toContain(text);
  });
});

describe('docs/sandbox.md', () => {
  const page = read('docs/sandbox.md');
  const sections = new Map(page.split(/^### /m).slice(1).map((text) => [text.slice(0, text.indexOf('\n')), text.split(/^## /m)[0] ?? ''] as const));

  test.each(excerptsOf('docs/sandbox.md'))('an excerpt of %s stands there as it is shown', (path, text) => {
    expect(read(path)).toContain(text);
  });

  test.each(Object.entries(SANDBOX_DESKS))('names every switch of %s, with its default', async (service, build) => {
    const desk = await openDesk(build, { host: '127.0.0.1', port: 0 });
    const { settings } = desk.state() as { readonly settings: Readonly<Record<string, unknown>> };
    await desk.close();
    const rows = (sections.get(service) ?? '').split('\n').filter((line) => /^\| `/.test(line)).map((line) => line.split('|').map((cell) => cell.trim()));
    const documented = new Map(rows.flatMap(([, names = '', defaults = '']) => [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => [name, defaults] as const)));
    expect([...documented.keys()].sort()).toEqual(Object.keys(settings).sort());
    for (const [name, value] of Object.entries(settings)) {
      const shown = typeof value === 'string' ? value : JSON.stringify(value).replaceAll(',', ', ');
      expect([name, documented.get(name)]).toEqual([name, expect.stringContaining(shown)]);
    }
  });

  test('the package hands the sandbox out under the name that the page gives', () => {
    const { exports } = JSON.parse(read('package.json')) as { readonly exports: Readonly<Record<string, { readonly default: string }>> };
    expect(page).toContain("from 'deskmesh/sandbox'");
    const built = exports['./sandbox']?.default ?? '';
    expect(existsSync(new URL(built.replace('./dist/', 'src/').replace(/\.js$/, '.ts'), ROOT))).toBe(true);
  });
});

test.each(['README.md', 'docs/api.md', 'docs/architecture.md', 'docs/automations.md', 'docs/events.md', 'docs/history.md', 'docs/adding-a-connector.md', 'docs/sandbox.md', 'docs/connectors.md', 'docs/guarantees.md', 'src/sandbox/README.md', 'src/connectors/kit/README.md'])('what %s links to and names is there', (path) => {
  const page = read(path);
  const folder = path.replace(/[^/]+$/, '');
  const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => new URL(link, new URL(folder, ROOT)));
  expect(links.filter((link) => !existsSync(link)).map(({ pathname }) => pathname)).toEqual([]);
  const named = [...page.matchAll(/`((?:src|test|schemas|docs)\/[^`\s<*]+)`/g)].map(([, name = '']) => name).filter((name) => !name.includes('pigeonhole') || name.includes('sixth-desk'));
  expect(named.filter((name) => !existsSync(new URL(name, ROOT)))).toEqual([]);
});
