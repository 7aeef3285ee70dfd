/** Rules in mesh.yaml that cannot be meant, judged with the real connectors: refused with the place and a way out, and the way out is taken. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readDesired } from '../../src/cli/desired.ts';
import { readConfig } from '../../src/config.ts';
import { connectors } from '../../src/connectors/index.ts';
import { AppError } from '../../src/errors.ts';

const NAMES: Readonly<Record<string, string>> = { support: 'zendesk', vendor: 'freshdesk', partner: 'helpdesk', space: 'helpspace', old: 'zendesk-classic' };
const ACCOUNTS = Object.entries(NAMES).map(([name, service]) => {
  const { url, credentials, settings } = connectors[service]!.about.sample;
  return { name, service, url, credentials, settings };
});

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mesh-rules-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Mirror = Readonly<Record<string, unknown>>;

/** `path: message` of every fault; empty for a file that is taken. */
async function faults(...mirrors: readonly Mirror[]): Promise<readonly string[]> {
  const path = join(folder, `mesh-${(count += 1)}.yaml`);
  await writeFile(path, JSON.stringify({ accounts: ACCOUNTS, mirrors: mirrors.map((mirror, at) => ({ name: `m${at}`, ...mirror })) }));
  const { config } = readConfig({}, { DESKMESH_CONFIG: path });
  const error: unknown = await readDesired(config, {}).then(() => null, (caught: unknown) => caught);
  if (error === null) return [];
  if (!(error instanceof AppError)) throw error;
  return error.faults.map((fault) => `${fault.path}: ${fault.message.replace(/ \(line \d+\)$/, '')}`);
}

const both = { accounts: ['support', 'vendor'] };
const oneWay = { from: 'support', to: ['vendor'] };

describe('a condition', () => {
  const where = (schema: object): Mirror => ({ ...both, custom_fields: { tier: { support: '360001' } }, where: schema });
  const tier = (name: string): object => ({ custom_properties: { contains: { properties: { id: { const: name }, value: { const: 'gold' } } } } });

  test.each([
    [{ properties: { taggs: { const: 'x' } } }, /^mirrors\[0\]\.where\.properties\.taggs: Tickets have no field taggs .*Did you mean tags\?$/],
    [{ required: ['prioritty'] }, /^mirrors\[0\]\.where\.required\[0\]: Tickets have no field prioritty .*Did you mean priority\?$/],
    [{ not: { anyOf: [{ properties: { colour: {} } }] } }, /^mirrors\[0\]\.where\.not\.anyOf\[0\]\.properties\.colour: Tickets have no field colour/],
    [{ properties: { status: { const: 'waiting' } } }, /^mirrors\[0\]\.where\.properties\.status\.const: No ticket ever has the status waiting: the words are open, pending, resolved, closed\.$/],
    [{ properties: { priority: { not: { enum: ['high', 'urgnt'] } } } }, /priority\.not\.enum\[1\]: No ticket ever has the priority urgnt.*Did you mean urgent\?$/],
    [{ properties: { tier: { const: 'gold' } } }, /properties\.tier: A custom field is asked about by its name within custom_properties\. For instance: /],
    [{ properties: tier('tire') }, /id\.const: No mirror names a custom field tire under custom_fields: known are tier\. Did you mean tier\?$/],
    [{ $async: true }, /where: This is no JSON Schema: .*\$async/],
    [{ type: 'objekt' }, /where: This is no JSON Schema: .*For instance: \{ properties: /],
    [{ $ref: 'https://example.com/other.json' }, /where: This is no JSON Schema: /],
  ])('%j is refused', async (schema, message) => {
    expect(await faults(where(schema))).toEqual([expect.stringMatching(message)]);
  });

  test('is refused in a target as well', async () => {
    expect(await faults({ ...both, targets: { vendor: { where: { properties: { taggs: {} } } } } })).toEqual([expect.stringMatching(/^mirrors\[0\]\.targets\.vendor\.where\.properties\.taggs: /)]);
  });

  test.each([
    [{ properties: { tags: { contains: { const: 'vendor' } } } }],
    [{ properties: tier('tier') }],
    [{ properties: { status: { enum: ['open', null] }, group: { const: 'Support' }, requester: { properties: { email: { pattern: '@acme' } } } }, required: ['requester'] }],
    [{ if: { properties: { priority: { const: 'urgent' } } }, then: { required: ['assignee'] } }],
  ])('%j is taken', async (schema) => {
    expect(await faults(where(schema))).toEqual([]);
  });
});

describe('two mirrors of one way', () => {
  const urgent = { properties: { priority: { const: 'urgent' } } };

  test.each([
    ['comments', 'public', 'says comments: "all"'],
    ['on_delete', 'ignore', 'says on_delete: "delete"'],
    ['author_line', '{author}:', 'says nothing of author_line'],
    ['attachments', false, 'says attachments: true'],
    ['closed', 'follow_up', 'says closed: "park"'],
  ])('that disagree about %s are refused, and taken once each has tickets of its own, or once they agree', async (term, value, says) => {
    const found = await faults(both, { ...oneWay, [term]: value });
    expect(found).toEqual([expect.stringContaining(`mirrors[1].${term}: The mirror m0 carries the same tickets from support to vendor and ${says}`)]);
    expect(found[0]).toContain('where: { properties: { priority: { const: urgent } } } in one, and where: { not: { properties: { priority: { const: urgent } } } } in the other');
    expect(await faults({ ...both, where: urgent }, { ...oneWay, [term]: value, where: { not: urgent } })).toEqual([]);
    expect(await faults({ ...both, [term]: value }, { ...oneWay, [term]: value })).toEqual([]);
    expect(await faults({ ...both, where: urgent }, { ...oneWay, [term]: value, where: urgent })).toHaveLength(1);
  });

  test('that leave different fields alone are refused', async () => {
    expect(await faults({ ...both, fields: { ignore: ['tags'] } }, { ...oneWay, fields: { ignore: ['tags', 'due_at'] } })).toEqual([expect.stringMatching(/^mirrors\[1\]\.fields\.ignore: .*says ignore: \["tags"\]/)]);
  });

  test('of different ways may differ', async () => {
    expect(await faults({ from: 'support', to: ['vendor'], comments: 'public' }, { from: 'vendor', to: ['support'] }, { from: 'support', to: ['partner'], comments: 'none' })).toEqual([]);
  });
});

describe('an owner', () => {
  test('whose changes go nowhere is refused, and one whose changes do is taken', async () => {
    expect(await faults({ ...oneWay, fields: { owner: { status: 'vendor' } } })).toEqual([
      "mirrors[0].fields.owner.status: No mirror carries changes from vendor, so nobody's change of this field would ever count. For instance: owner: { status: support }, or a mirror with accounts: [support, vendor].",
    ]);
    expect(await faults({ ...oneWay, fields: { owner: { status: 'support' } } })).toEqual([]);
  });

  test('may own a custom field or the group, and a field that nobody has is refused', async () => {
    const customs = { custom_fields: { tier: { support: '360001', vendor: 'cf_tier' } } };
    expect(await faults({ ...both, ...customs, fields: { owner: { tier: 'support', group: 'vendor' }, ignore: ['due_at'] } })).toEqual([]);
    expect(await faults({ ...both, ...customs, fields: { owner: { tire: 'support' } } })).toEqual([expect.stringMatching(/^mirrors\[0\]\.fields\.owner\.tire: There is no such field here: .*Did you mean tier\?$/)]);
  });

  test('and two for one field over connected mirrors are refused', async () => {
    expect(await faults({ ...both, fields: { owner: { status: 'support' } } }, { accounts: ['vendor', 'partner'], fields: { owner: { status: 'partner' } } })).toEqual([
      'mirrors[1].fields.owner.status: In another mirror that is connected with this one the field belongs to support: a field has one owner. Name support here, too, or leave it out.',
    ]);
  });
});

describe('constants', () => {
  test('that differ on accounts which write the field to each other are refused, over paths too, and taken once each keeps its own', async () => {
    const constants = { vendor: { priority: 'low' }, support: { priority: 'high' } };
    expect(await faults({ ...both, constants })).toEqual([expect.stringMatching(/^mirrors\[0\]\.constants\.support\.priority: vendor has the constant "low" .*never be alike, or be set back in turn\. .*fields: \{ ignore: \[priority\] \}/)]);
    const ring = [{ from: 'support', to: ['vendor'] }, { from: 'vendor', to: ['partner'] }, { from: 'partner', to: ['support'] }];
    expect(await faults({ ...ring[0], constants: { vendor: { priority: 'low' } } }, ring[1]!, { ...ring[2], constants: { support: { priority: 'high' } } })).toEqual([expect.stringMatching(/^mirrors\[2\]\.constants\.support\.priority: /)]);
    expect(await faults({ ...both, constants, fields: { ignore: ['priority'] } })).toEqual([]);
    expect(await faults({ ...both, constants: { vendor: { priority: 'low' }, support: { priority: 'low' } } })).toEqual([]);
    expect(await faults({ ...ring[0], constants: { vendor: { priority: 'low' } } }, { ...ring[1], constants: { partner: { priority: 'high' } } })).toEqual([]);
  });

  test('are compared in the words of the mesh', async () => {
    const custom_fields = { vip: { support: '360001', vendor: 'cf_vip' } };
    const values = { vendor: { vip: { true: 'Yes', false: 'No' } } };
    expect(await faults({ ...both, custom_fields, values, constants: { support: { vip: true }, vendor: { vip: 'Yes' } } })).toEqual([]);
    expect(await faults({ ...both, custom_fields, values, constants: { support: { vip: true }, vendor: { vip: 'No' } } })).toHaveLength(1);
    // Groups without words are nobody's but their desk's.
    expect(await faults({ ...both, constants: { support: { group: '1' }, vendor: { group: '2' } } })).toEqual([]);
  });

  test('against an owner or beside a default are refused', async () => {
    expect(await faults({ ...both, fields: { owner: { priority: 'support' } }, constants: { vendor: { priority: 'low' } } })).toEqual([expect.stringMatching(/^mirrors\[0\]\.constants\.vendor\.priority: This field belongs to support .*remove one of the two/)]);
    expect(await faults({ ...both, constants: { vendor: { priority: 'low' } }, defaults: { vendor: { priority: 'high' } } })).toEqual([expect.stringMatching(/^mirrors\[0\]\.defaults\.vendor\.priority: vendor has a constant/)]);
  });

  test.each([
    ['tags', 'x', /list of texts\. For instance: \[from-vendor\]/],
    ['due_at', 'soon', /moment in UTC\. For instance/],
    ['subject', 5, /This must be a text/],
    ['public', 'yes', /true or false/],
    ['priority', 'highest', /This must be one of low, normal, high, urgent\./],
  ])('%s: %j is refused', async (field, value, message) => {
    expect(await faults({ ...both, constants: { support: { [field]: value } } })).toEqual([expect.stringMatching(message)]);
  });
});

describe('words that the desk does not have', () => {
  test.each([
    [{ values: { space: { status: { pending: 'resolved' } } } }, 'mirrors[0].values.space.status.pending: space cannot show the status resolved: its words are open, pending, closed.'],
    [{ values: { space: { priority: { urgent: 'high' } } } }, 'mirrors[0].values.space.priority: space has no priority that could be written with a new ticket: leave this out.'],
    [{ values: { vendor: { group: { Support: 'Support team' } } } }, 'mirrors[0].values.vendor.group.Support: vendor knows no group by this id. For instance: "12".'],
    [{ values: { vendor: { status: { pending: 'waiting' } } } }, 'mirrors[0].values.vendor.status.pending: waiting is no status: the words are open, pending, resolved, closed.'],
    [{ constants: { space: { status: 'resolved' } } }, 'mirrors[0].constants.space.status: space cannot show the status resolved: its words are open, pending, closed.'],
    [{ defaults: { partner: { due_at: '2026-01-31T08:00:00Z' } } }, 'mirrors[0].defaults.partner.due_at: partner has no due_at that could be written with a new ticket: leave this out.'],
    [{ custom_fields: { serial: { support: 'cf_serial' } } }, 'mirrors[0].custom_fields.serial.support: This desk knows no custom field by this id. For instance: "360001".'],
    [{ custom_fields: { serial: { space: '7' } } }, 'mirrors[0].custom_fields.serial.space: This account holds no custom fields; where its settings describe them, they come first.'],
  ])('%j', async (mirror, message) => {
    expect(await faults({ accounts: ['support', 'vendor', 'partner', 'space', 'old'], ...mirror })).toEqual([message]);
  });

  test('and the same with words that they have is taken', async () => {
    const mirror = {
      accounts: ['support', 'vendor', 'partner', 'space', 'old'], custom_fields: { serial: { support: '360001', vendor: 'cf_serial', old: '17' } },
      values: { space: { status: { pending: 'open' } }, vendor: { group: { Support: '12' }, status: { resolved: 'closed' } }, support: { group: { Support: '360000' } } },
      constants: { space: { status: 'open' } }, defaults: { vendor: { priority: 'low', serial: 'none' } },
    };
    expect(await faults(mirror)).toEqual([]);
  });
});

describe('a rule that shows private comments to customers', () => {
  test('is refused unless it says so in the words of the message, for exactly the accounts that it writes to', async () => {
    const mirror = { from: 'support', to: ['vendor', 'space'], comments: 'all_as_public' };
    const [refusal = ''] = await faults(mirror);
    expect(refusal).toMatch(/^mirrors\[0\]\.comments: This rule shows private comments to customers/);
    const words = /private_comments: "([^"]+)"/.exec(refusal)?.[1];
    expect(words).toBe('private comments become public on vendor and space');
    expect(await faults({ ...mirror, private_comments: words })).toEqual([]);
    for (const other of ['yes', true, 'private comments become public on vendor']) expect(await faults({ ...mirror, private_comments: other })).not.toEqual([]);
    expect(await faults({ ...mirror, to: ['vendor', 'space', 'partner'], private_comments: words })).toEqual([expect.stringMatching(/^mirrors\[0\]\.private_comments: .*on vendor and space and partner/)]);
    expect(await faults({ ...mirror, comments: 'all', private_comments: words })).toEqual([expect.stringMatching(/goes with comments: all_as_public only/)]);
  });
});
