import { USUAL_TERMS } from '../../src/core/rules.ts';
import type { DraftTerms } from '../../src/ports/store.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readMesh, type Services } from '../../src/cli/mesh.ts';
import type { MeshFault } from '../../src/cli/mesh-file.ts';
import { meshSchema, type Mesh } from '../../src/contracts/mesh.ts';
import { compileWhere } from '../../src/contracts/where.ts';
import { FIELD_NAMES } from '../../src/core/model.ts';
import { USUAL_SUBSCRIPTION } from '../../src/core/subscription.ts';
import { AppError } from '../../src/errors.ts';
import { openNetwork } from '../../src/net/public-address.ts';
import { formats } from '../../src/subscribers/index.ts';

const text = { type: 'string', minLength: 1 };
const services: Services = {
  zendesk: {
    credentials: {
      type: 'object',
      additionalProperties: false,
      properties: { email: text, token: text, access_token: text },
      oneOf: [
        { required: ['email', 'token'], not: { required: ['access_token'] } },
        { required: ['access_token'], not: { required: ['token'] } },
      ],
    },
    settings: { type: 'object', additionalProperties: false, properties: { find_lag_seconds: { type: 'number', minimum: 0 } } },
  },
  freshdesk: {
    credentials: {
      type: 'object',
      additionalProperties: false,
      required: ['key'],
      properties: { key: { ...text, description: 'API key of an agent.' } },
    },
    settings: {
      type: 'object',
      additionalProperties: false,
      properties: { public_comments: { enum: ['note', 'reply'] }, statuses: { type: 'object', additionalProperties: { enum: ['open', 'pending'] } } },
    },
  },
};
const env = { ZENDESK_TOKEN: 'zt-secret-1', FRESHDESK_KEY: 'fk-secret-2', EMPTY: '' };

const TWO_ACCOUNTS = `
accounts:
  - name: support
    service: zendesk
    url: https://acme.zendesk.com/
    credentials: { email: bot@acme.example, token: "\${ZENDESK_TOKEN}" }
  - name: vendor
    service: freshdesk
    url: https://vendor.freshdesk.com
    credentials:
      key: \${FRESHDESK_KEY}
    settings: { public_comments: reply }
`;

const judging = { formats, allows: openNetwork([]).allows, compileWhere };

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mesh-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(yaml: string | Buffer): Promise<Mesh> {
  const path = join(folder, `mesh-${(count += 1)}.yaml`);
  await writeFile(path, yaml);
  return readMesh(path, env, services, judging);
}

async function refusal(yaml: string | Buffer): Promise<AppError> {
  const error: unknown = await read(yaml).then(() => null, (caught: unknown) => caught);
  if (!(error instanceof AppError)) throw new Error('the file was taken', { cause: error });
  expect(error.code).toBe('configuration');
  return error;
}

/** `path: message` of every fault, in the order of the file. */
async function faults(yaml: string): Promise<readonly string[]> {
  return (await refusal(yaml)).faults.map(({ path, message }) => `${path}: ${message}`);
}

const usual: DraftTerms = { ...USUAL_TERMS, owner: {} };

describe('a good mesh.yaml', () => {
  test('gives accounts with their credentials filled in, and mirrors as ways and terms', async () => {
    const mesh = await read(`${TWO_ACCOUNTS}
mirrors:
  - name: both-ways
    accounts: [support, vendor]
    where: { not: { required: [priority] } }
  - name: one-way
    where: { required: [priority] }
    from: support
    to: [vendor]
    fields: { ignore: [due_at, tags] }
    comments: public
    on_delete: ignore
`);
    expect(mesh).toEqual({
      accounts: [
        { name: 'support', service: 'zendesk', url: 'https://acme.zendesk.com', credentials: { email: 'bot@acme.example', token: 'zt-secret-1' }, settings: {} },
        { name: 'vendor', service: 'freshdesk', url: 'https://vendor.freshdesk.com', credentials: { key: 'fk-secret-2' }, settings: { public_comments: 'reply' } },
      ],
      mirrors: [
        {
          name: 'both-ways',
          lenses: {},
          ways: [['support', 'vendor'], ['vendor', 'support']].map(([from, to]) => ({ from, to, terms: { ...usual, where: { not: { required: ['priority'] } } } })),
        },
        {
          name: 'one-way', lenses: {},
          ways: [{ from: 'support', to: 'vendor', terms: { ...usual, where: { required: ['priority'] }, ignore: ['due_at', 'tags'], comments: 'public', on_delete: 'ignore' } }],
        },
      ],
      automations: [],
      subscriptions: [],
    });
  });

  test('says by what tickets are recognised that are on both sides already', async () => {
    const pairOf = async (pair: string): Promise<unknown> => (await read(`${TWO_ACCOUNTS}mirrors: [{ name: m, accounts: [support, vendor], custom_fields: { nr: { support: '1', vendor: cf_nr } }, pair: ${pair} }]`)).mirrors[0]?.ways[1]?.terms.pair;
    expect(await pairOf('{ external_id: true }')).toEqual({ external_id: true, custom_field: null, fields: [], withinMs: 3_600_000 });
    expect(await pairOf('{ custom_field: nr, fields: [subject, requester, subject], within_minutes: 5 }')).toEqual({ external_id: false, custom_field: 'nr', fields: ['subject', 'requester'], withinMs: 300_000 });
    const wrong = async (pair: string): Promise<readonly string[]> => faults(`${TWO_ACCOUNTS}mirrors: [{ name: m, accounts: [support, vendor], custom_fields: { nr: { support: '1', vendor: cf_nr } }, pair: ${pair} }]`);
    expect(await wrong('{ custom_field: nrr }')).toEqual([expect.stringMatching(/^mirrors\[0\]\.pair\.custom_field: .*this mirror names nr\. Did you mean nr\?/)]);
    expect(await wrong('{ external_id: false }')).toEqual([expect.stringMatching(/^mirrors\[0\]\.pair: Nothing here tells which tickets are the same/)]);
    expect((await wrong('{}')).length).toBeGreaterThan(0);
    expect(await wrong('{ external_id: true, within_minutes: 5 }')).toEqual([expect.stringMatching(/^mirrors\[0\]\.pair\.fields: .*missing .*within_minutes/)]);
    expect(await wrong('{ fields: [subjct] }')).toEqual([expect.stringMatching(/^mirrors\[0\]\.pair\.fields\[0\]: /)]);
  });

  test('needs no mirrors', async () => {
    expect((await read(TWO_ACCOUNTS)).mirrors).toEqual([]);
  });

  test('takes $${ for a plain ${, and anchors with their aliases', async () => {
    const mesh = await read(TWO_ACCOUNTS.replace('"${ZENDESK_TOKEN}"', () => '&t "a$${b}c"').replace('${FRESHDESK_KEY}', '*t'));
    expect(mesh.accounts.map(({ credentials }) => credentials)).toEqual([{ email: 'bot@acme.example', token: 'a${b}c' }, { key: 'a${b}c' }]);
  });

  test('is described by a schema that names the fields which are mirrored', () => {
    const { ignore } = (meshSchema() as { $defs: { mirror: { properties: { fields: { properties: { ignore: { description: string } } } } } } }).$defs.mirror.properties.fields.properties;
    expect(ignore.description).toContain(`: ${FIELD_NAMES.join(', ')}, group, and names of custom fields.`);
  });
});

describe('faults', () => {
  test('are all told at once, each with its place, its line and what would be right', async () => {
    expect(
      await faults(`accounts:
  - name: Support
    service: zendesc
    url: https://acme.zendesk.com/api?x=1
    credentials: { email: a@b.example }
    setings: {}
  - name: vendor
    service: freshdesk
    url: ftp://x
    credentials: { key: 12 }
    settings: { public_comments: replay, statuses: { '6': opne } }
  - name: vendor
    service: zendesk
    url: https://u:p@acme.zendesk.com
    credentials: { email: a@b.example, tokn: x }
mirrors:
  - name: m
    accounts: [vendor]
    wher: {}
  - name: m
    from: suport
    to: [vendor, vendor, suport]
    accounts: [vendor, vendor]
    fields: { ignore: [due], ownr: {} }
    on_delete: shut
  - name: n
extra: 1
`),
    ).toEqual([
      'accounts[0].name: This must match the pattern ^[a-z0-9][a-z0-9-]{0,62}$. It is: 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or a digit (line 2)',
      'accounts[0].service: There is no connector of this name: known are zendesk, freshdesk. Did you mean zendesk? (line 3)',
      'accounts[0].url: This must end after the host or port: no path, query or fragment. (line 4)',
      'accounts[0].setings: This is not known here: leave it out, or name one of "name", "service", "url", "credentials", "settings". Did you mean settings? (line 6)',
      'accounts[1].url: This must be the address of the desk, such as https://acme.zendesk.com. (line 9)',
      'accounts[1].credentials.key: This must be a string, not a number. Put it in quotes. (line 10)',
      'accounts[1].settings.public_comments: This must be one of "note", "reply". Did you mean reply? (line 11)',
      'accounts[1].settings.statuses.(a key that is not shown): This must be one of "open", "pending". Did you mean open? (line 11)',
      'accounts[2].name: This name is taken by accounts[1]: each needs its own. (line 12)',
      'accounts[2].url: This must not hold a user or a password: these belong into credentials. (line 14)',
      'accounts[2].credentials: Something is missing here: give either email and token, or access_token. (line 15)',
      'accounts[2].credentials.tokn: This is not known here: leave it out, or name one of "email", "token", "access_token". Did you mean token? (line 15)',
      'mirrors[0].accounts: This list must have at least 2 entries. (line 18)',
      'mirrors[0].wher: This is not known here: leave it out, or name one of "name", "accounts", "from", "to", "where", "targets", "unmatched", "fields", "custom_fields", "values", "constants", "defaults", …. Did you mean where? (line 19)',
      'mirrors[1]: This mixes what excludes each other: give either accounts, or from and to. (line 20)',
      'mirrors[1].name: This name is taken by mirrors[0]: each needs its own. (line 20)',
      'mirrors[1].from: There is no account of this name: known are Support, vendor, vendor. Did you mean Support? (line 21)',
      'mirrors[1].to[2]: There is no account of this name: known are Support, vendor, vendor. Did you mean Support? (line 22)',
      'mirrors[1].to[1]: This account stands here twice: remove one of the two. (line 22)',
      'mirrors[1].to[2]: This account is the one that changes come from: a mirror leads to another account. (line 22)',
      'mirrors[1].accounts[1]: This account stands here twice: remove one of the two. (line 23)',
      'mirrors[1].fields.ownr: This is not known here: leave it out, or name one of "ignore", "owner". Did you mean owner? (line 24)',
      expect.stringMatching(/^mirrors\[1\]\.fields\.ignore\[0\]: There is no such field here: known are subject,.* Did you mean due_at\? \(line 24\)$/),
      'mirrors[1].on_delete: This must be one of "delete", "close", "ignore". (line 25)',
      'mirrors[2]: Something is missing here: give either accounts, or from and to. (line 26)',
      'extra: This is not known here: leave it out, or name one of "accounts", "mirrors", "automations", "subscriptions". (line 27)',
    ]);
  });

  test('carry their line as data', async () => {
    const { message, faults: found } = await refusal('accounts: 3\n');
    expect(message).toMatch(/mesh-\d+\.yaml has a fault\.$/);
    expect((found as readonly MeshFault[])[0]).toEqual({ path: 'accounts', line: 1, message: 'This must be a list, not a number. (line 1)' });
  });

  test('are told for every one of many accounts', async () => {
    const account = (at: number): string => `  - { name: a${at}, service: freshdesk, url: "https://a${at}.example", credentials: {} }\n`;
    const found = await faults(`accounts:\n${Array.from({ length: 1_500 }, (_, at) => account(at)).join('')}`);
    expect(found).toHaveLength(1_500);
    expect(found.at(-1)).toBe('accounts[1499].credentials.key: This is missing: give a string. API key of an agent. (line 1501)');
  });

  test('name the variables that are not set or empty, and nothing that follows from that', async () => {
    const yaml = TWO_ACCOUNTS.replace('ZENDESK_TOKEN', 'NOT_THERE').replace('${FRESHDESK_KEY}', '${EMPTY}').replace('https://vendor.freshdesk.com', '${1}');
    expect(await faults(yaml)).toEqual([
      'accounts[0].credentials.token: The variable NOT_THERE is not set: set it in the environment. (line 6)',
      'accounts[1].url: ${ begins the name of a variable here, as in ${NAME}: letters, digits and _ only. For a plain ${ write $${. (line 9)',
      'accounts[1].credentials.key: The variable EMPTY is empty: set it in the environment. (line 11)',
    ]);
  });

  test('never show a credential, whatever place it was put into', async () => {
    const { message, faults: found } = await refusal(`
accounts:
  - name: \${ZENDESK_TOKEN}
    service: \${FRESHDESK_KEY}
    url: https://\${ZENDESK_TOKEN}@x.example/
    credentials: { 'plain-secret-3=1': x, plain-secret-4: , key: [plain-secret-5] }
    settings: "plain-secret-6"
  - { name: b, service: freshdesk, url: https://b.example, credentials: { 'plain-secret-7=': x, key: { plain-secret-8: 1 } } }
mirrors:
  - name: m
    accounts: ['\${ZENDESK_TOKEN}', b]
    comments: \${FRESHDESK_KEY}
`);
    expect(found.length).toBeGreaterThan(5);
    expect(JSON.stringify([message, found])).not.toMatch(/secret-\d/);
  });

  test('tell one desk that is connected twice', async () => {
    const [account] = TWO_ACCOUNTS.split('  - name: vendor');
    expect(await faults(`${account}${account?.split('accounts:\n')[1]?.replace('support', 'again')}`)).toEqual([
      'accounts[1]: This is the same desk with the same credentials as accounts[0]: one account of it is enough. (line 7)',
    ]);
  });
});

describe('a file that is not YAML as we read it', () => {
  test.each([
    ['a tab', 'accounts:\n\t- name: x\n', 'This is indented with a tab: YAML takes spaces only. (line 2)'],
    ['a quote that is not closed', 'accounts:\n  - name: "x\n', 'A quote, comma, colon or closing bracket is missing here. (line 3)'],
    ['two documents', 'accounts: []\n---\naccounts: []\n', 'There is a second document (---): only one is read, so remove it. (line 2)'],
    ['an alias without anchor', 'accounts: *a\n', 'This alias (*name) has no anchor (&name) before it. (line 1)'],
    ['a variable in braces without quotes', 'accounts:\n  - { name: ${X} }\n', expect.stringContaining('Within { } and [ ], ${NAME} must stand in quotes. (line 2)')],
    ['a tag', 'accounts: !!js/function "x"\n', 'This tag (!…) is not known: remove it. (line 1)'],
  ])('%s is told with its line', async (_, yaml, message) => {
    expect((await refusal(yaml)).faults.map((fault) => fault.message)).toContainEqual(message);
  });

  test('a key that stands twice is told together with the other faults', async () => {
    expect(await faults('accounts: []\naccounts: []\nmirors: []\n')).toEqual([
      ': This key stands here twice: remove one of the two. (line 2)',
      'mirors: This is not known here: leave it out, or name one of "accounts", "mirrors", "automations", "subscriptions". Did you mean mirrors? (line 3)',
    ]);
  });

  test('aliases that grow without bound are refused', async () => {
    const bomb = Array.from({ length: 12 }, (_, at) => `a${at}: &a${at} [${Array(9).fill(at === 0 ? 'x' : `*a${at - 1}`).join(',')}]`).join('\n');
    expect(await faults(bomb)).toEqual([': There are more than 100 aliases (*name), or one contains itself: write the values out.']);
  });

  test.each([
    ['an empty file', '', 'This must be an object, not null.'],
    ['a list', '- a\n', 'This must be an object, not a list. (line 1)'],
  ])('%s says what is due', async (_, yaml, message) => {
    expect((await refusal(yaml)).faults).toEqual([{ path: '', line: expect.anything(), message }].map((fault) => (yaml === '' ? { ...fault, line: null } : fault)));
  });

  test.each([
    ['larger than 1 MB', Buffer.alloc(1024 * 1024 + 1, '#'), /larger than 1 MB/],
    ['not UTF-8', Buffer.from([0x61, 0xff, 0xfe]), /not UTF-8 text/],
  ])('one that is %s is refused unread', async (_, bytes, message) => {
    expect((await refusal(bytes)).message).toMatch(message);
  });

  test('one that does not exist, or is a folder, is named with the cure', async () => {
    await expect(readMesh(join(folder, 'none.yaml'), env, services, judging)).rejects.toThrow(/none\.yaml does not exist\. Name another with --config/);
    await expect(readMesh(folder, env, services, judging)).rejects.toThrow(/is a folder/);
  });
});

describe('what a mirror carries', () => {
  test('is read with its owners, words, files and conditions', async () => {
    const { mirrors } = await read(`${TWO_ACCOUNTS}
mirrors:
  - name: m
    accounts: [support, vendor]
    where: { properties: { tags: { contains: { const: vendor } } } }
    targets: { vendor: { where: { required: [priority] } } }
    unmatched: freeze
    fields: { owner: { status: support } }
    custom_fields: { serial: { support: "360001", vendor: cf_serial } }
    values: { vendor: { status: { pending: open }, serial: { a: b } } }
    constants: { vendor: { ticket_type: question } }
    defaults: { support: { priority: low } }
    author_line: "{author} wrote:"
    attachments: { max_bytes: 1000 }
    on_delete: close
`);
    const where = { properties: { tags: { contains: { const: 'vendor' } } } };
    const terms = { ...usual, owner: { status: 'support' }, files: 1000, author_line: '{author} wrote:', on_delete: 'close', unmatched: 'freeze' };
    const lens = { custom: {}, values: {}, constants: {}, defaults: {} };
    expect(mirrors).toEqual([
      {
        name: 'm',
        ways: [
          { from: 'support', to: 'vendor', terms: { ...terms, where: { allOf: [where, { required: ['priority'] }] } } },
          { from: 'vendor', to: 'support', terms: { ...terms, where } },
        ],
        lenses: {
          support: { ...lens, custom: { serial: '360001' }, defaults: { priority: 'low' } },
          vendor: { ...lens, custom: { serial: 'cf_serial' }, values: { status: { pending: 'open' }, 'custom:serial': { a: 'b' } }, constants: { ticket_type: 'question' } },
        },
      },
    ]);
  });

  test('is refused with the place and what would be right', async () => {
    expect(
      await faults(`${TWO_ACCOUNTS}
mirrors:
  - name: a
    accounts: [support, vendor]
    where: { propertes: {} }
    targets: { vendr: {} }
    fields: { ignore: [status], owner: { status: support, priority: vendor, subject: nobody } }
    custom_fields: { serial: { support: "1", partner: "2" }, status: { support: "3" } }
    values: { vendor: { status: { waiting: open }, colour: { red: blue } } }
    defaults: { vendor: { priority: highest } }
  - name: b
    from: support
    to: [vendor]
    fields: { ignore: [status], owner: { priority: support } }
    custom_fields: { serial: { support: "9" } }
`),
    ).toEqual([
      expect.stringMatching(/^mirrors\[0\]\.where: This is no JSON Schema: .*propertes.* For instance: /),
      'mirrors[0].targets.vendr: This mirror writes to no account vendr, only to support, vendor. Did you mean vendor? (line 18)',
      'mirrors[0].fields.owner.status: This field is left alone by the same mirror: remove it from one of the two. (line 19)',
      'mirrors[0].fields.owner.subject: This mirror connects no account nobody, only support, vendor. (line 19)',
      'mirrors[0].custom_fields.serial.partner: This mirror connects no account partner, only support, vendor. (line 20)',
      expect.stringMatching(/^mirrors\[0\]\.custom_fields\.status: This is the name of a field that every ticket has/),
      'mirrors[0].values.vendor.status.waiting: waiting is no status: the words are open, pending, resolved, closed. (line 21)',
      expect.stringMatching(/^mirrors\[0\]\.values\.vendor\.colour: There is no such field here/),
      'mirrors[0].defaults.vendor.priority: This must be one of low, normal, high, urgent. (line 22)',
      'mirrors[1].fields.owner.priority: In another mirror that is connected with this one the field belongs to vendor: a field has one owner. Name vendor here, too, or leave it out. (line 26)',
      'mirrors[1].custom_fields.serial.support: Another mirror says 1 here, and an account has one set of words: make both say the same. (line 27)',
    ]);
  });
});

describe('what an automation does', () => {
  test('is read in the order of the file', async () => {
    const { automations } = await read(`${TWO_ACCOUNTS}
mirrors:
  - { name: m, accounts: [support, vendor], custom_fields: { region: { vendor: cf_region } } }
automations:
  - name: escalate
    when:
      events: [ticket.created, "comment.*"]
      accounts: [support]
      where: { properties: { ticket: { properties: { priority: { const: urgent } } } } }
    then:
      - create_ticket:
          account: vendor
          fields: { subject: "{{account.name}}: {{ticket.subject}}", description: "<p>{{ticket.id}}</p>{{ticket.description}}", tags: [escalated], requester: "{{ticket.requester}}", region: eu }
      - update_ticket: { fields: { tags: { add: [escalated] }, assignee: null } }
      - create_comment: { content: "Passed on" }
  - { name: second, when: { events: ["*"] }, then: [{ create_comment: { content: "Thank you, {{ticket.requester.name}}", public: true } }] }
`);
    expect(automations).toEqual([
      {
        name: 'escalate',
        when: { events: ['ticket.created', 'comment.*'], accounts: ['support'], where: { properties: { ticket: { properties: { priority: { const: 'urgent' } } } } } },
        then: [
          {
            kind: 'create_ticket', account: 'vendor',
            fields: { subject: '{{account.name}}: {{ticket.subject}}', description: '<p>{{ticket.id}}</p>{{ticket.description}}', tags: ['escalated'], requester: '{{ticket.requester}}', region: 'eu' },
          },
          { kind: 'update_ticket', fields: { tags: { add: ['escalated'] }, assignee: null } },
          { kind: 'create_comment', content: 'Passed on', public: false },
        ],
      },
      { name: 'second', when: { events: ['*'], accounts: null, where: null }, then: [{ kind: 'create_comment', content: 'Thank you, {{ticket.requester.name}}', public: true }] },
    ]);
  });

  test('is refused with every fault at once, each with its place and what would be right', async () => {
    expect(
      await faults(`${TWO_ACCOUNTS}
mirrors:
  - { name: m, accounts: [support, vendor], custom_fields: { region: { vendor: cf_region } } }
automations:
  - name: a
    when: { events: [ticket.create], accounts: [suport], where: { propertes: {} } }
    then: []
  - name: a
    when: { events: [ticket.created], accounts: [support] }
    then:
      - create_ticket: { account: vendr, fields: { subjct: x, status: solved, tags: vip, due_at: soon } }
      - update_ticket: { fields: { tags: [x], region: eu, group: Sales, subject: 5, priority: "{{ticket.prio}}" } }
      - create_comment: { content: "{{comment.content}} {{nothing}}", publc: true }
      - notify: ops
      - send_mail: { to: x }
      - { create_comment: { content: x }, notify: ops }
      - create_comment: { content: {{ticket.id}} }
  - { name: c, when: {}, then: [{ update_ticket: { fields: {} } }] }
`),
    ).toEqual([
      expect.stringMatching(/^automations\[0\]\.when\.events\[0\]: This must be one of "ticket\.created", .* Did you mean ticket\.created\? \(line 18\)$/),
      'automations[0].when.accounts[0]: There is no account of this name: known are support, vendor. Did you mean support? (line 18)',
      expect.stringMatching(/^automations\[0\]\.when\.where: This is no JSON Schema: .*propertes.* For instance: .* \(line 18\)$/),
      'automations[0].then: This list must have at least 1 entry. (line 19)',
      'automations[1].name: This name is taken by automations[0]: each needs its own. (line 20)',
      'automations[1].then[0].create_ticket.account: There is no account of this name: known are support, vendor. Did you mean vendor? (line 23)',
      'automations[1].then[0].create_ticket.fields.subject: This is missing: a new ticket needs a subject. (line 23)',
      'automations[1].then[0].create_ticket.fields.description: This is missing: a new ticket needs a description. (line 23)',
      expect.stringMatching(/fields\.subjct: There is no such field: known are subject, .*, region\. A custom field is named under custom_fields of a mirror\. Did you mean subject\? \(line 23\)$/),
      expect.stringMatching(/fields\.status: This must be one of open, pending, resolved, closed, or a place such as \{\{ticket\.status\}\}\. \(line 23\)$/),
      expect.stringMatching(/fields\.tags: This must be a list of tags, or a place such as \{\{ticket\.tags\}\}\. \(line 23\)$/),
      expect.stringMatching(/fields\.due_at: This must be a time in ISO 8601, such as .* \(line 23\)$/),
      expect.stringMatching(/update_ticket\.fields\.tags: This must be \{add: \[\.\.\.\], remove: \[\.\.\.\]\}: the tags that the ticket has stay\. \(line 24\)$/),
      'automations[1].then[1].update_ticket.fields.region: support has no region in the mesh: it can be written once custom_fields of a mirror name it there. (line 24)',
      'automations[1].then[1].update_ticket.fields.group: support has no group in the mesh: it can be written once values of a mirror name its groups. (line 24)',
      'automations[1].then[1].update_ticket.fields.subject: This must be a text, not 5. Put it in quotes. (line 24)',
      expect.stringMatching(/fields\.priority: \{\{ticket\.prio\}\} names nothing: a ticket has id, .*\(line 24\)$/),
      expect.stringMatching(/create_comment\.publc: This is not known here: .* Did you mean public\? \(line 25\)$/),
      'automations[1].then[2].create_comment.content: {{comment.content}} names nothing: these events are about no comment. (line 25)',
      expect.stringMatching(/create_comment\.content: \{\{nothing\}\} names nothing: a place begins with one of .* \(line 25\)$/),
      'automations[1].then[3].notify: There is no subscription of this name: known are none. (line 26)',
      expect.stringMatching(/^automations\[1\]\.then\[4\]\.send_mail: This is not known here: .* \(line 27\)$/),
      'automations[1].then[5]: This object must have at most 1 property. (line 28)',
      'automations[1].then[5].notify: There is no subscription of this name: known are none. (line 28)',
      'automations[1].then[6].create_comment.content: This must be a string, not an object. A text with places stands in quotes. (line 29)',
      expect.stringMatching(/^automations\[2\]\.when\.events: This is missing/),
      'automations[2].then[0].update_ticket.fields: This object must have at least 1 property. (line 30)',
    ]);
  });
});

describe('subscriptions', () => {
  test('have their defaults, and a bot the address of its service', async () => {
    const mesh = await read(`${TWO_ACCOUNTS}
subscriptions:
  - { name: crm, url: "https://crm.example/in", events: [ticket.*, ticket.*], accounts: [vendor] }
  - { name: chat, format: slack, token: xoxb-1-2, channel: C1, events: ["*"], private: true, cause: any }
`);
    expect(mesh.subscriptions).toEqual([
      { ...USUAL_SUBSCRIPTION, name: 'crm', url: 'https://crm.example/in', events: ['ticket.*'], accounts: ['vendor'], secret: null, token: null },
      { ...USUAL_SUBSCRIPTION, name: 'chat', url: 'https://slack.com/api/chat.postMessage', events: ['*'], format: 'slack', token: 'xoxb-1-2', channel: 'C1', private: true, cause: 'any', secret: null },
    ]);
  });

  test('are refused with all that is wrong, each in its place', async () => {
    expect(
      await faults(`${TWO_ACCOUNTS}
subscriptions:
  - { name: a, url: "http://2130706433/x", events: [ticket.*], accounts: [vendr], where: { type: 7 }, template: { a: 1 } }
  - { name: a, url: ftp://x, events: [ticket.creted] }
  - { name: b, events: ["*"] }
  - { name: c, url: "https://c.example", format: template, template: { a: "{{tiket.x}}" }, events: ["*"], secret: hunter22 }
  - { name: d, url: "https://localhost./", events: [] }
`),
    ).toEqual([
      expect.stringMatching(/^subscriptions\[0\]\.accounts\[0\]: There is no account of this name: known are support, vendor\. Did you mean vendor\? \(line \d+\)$/),
      expect.stringMatching(/^subscriptions\[0\]\.url: This leads into a private network/),
      expect.stringMatching(/^subscriptions\[0\]\.template: This goes with the format template only\./),
      expect.stringMatching(/^subscriptions\[0\]\.where: This is no JSON Schema/),
      expect.stringMatching(/^subscriptions\[1\]\.events\[0\]: .*Did you mean ticket\.created\?/),
      expect.stringMatching(/^subscriptions\[1\]\.url: This must be a web address/),
      expect.stringMatching(/^subscriptions\[1\]\.name: This name is taken by subscriptions\[0\]/),
      expect.stringMatching(/^subscriptions\[2\]\.url: This is missing/),
      expect.stringMatching(/^subscriptions\[3\]\.secret: This must be whsec_/),
      expect.stringMatching(/^subscriptions\[3\]\.template\.a: \{\{tiket\.x\}\} names nothing/),
      expect.stringMatching(/^subscriptions\[4\]\.events: /),
      expect.stringMatching(/^subscriptions\[4\]\.url: This leads into a private network/),
    ]);
  });
});
