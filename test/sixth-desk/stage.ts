/** The app with a sixth connector in its overrides, the desk that belongs to it, a fake Helpdesk, and a mirror both ways between them. */
import { startApp } from '../../src/app.ts';
import { desiredOf } from '../../src/cli/desired.ts';
import { readConfig } from '../../src/config.ts';
import { connectors } from '../../src/connectors/index.ts';
import { USUAL_TERMS } from '../../src/core/rules.ts';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { openDesk } from '../../src/sandbox/kit/server.ts';
import { createWorld } from '../../src/world.ts';
import { at, clientOf, list, type Client } from '../contract/sandbox-support.ts';
import { createTestDatabase } from '../support/database.ts';
import { pigeonhole } from './pigeonhole/index.ts';
import { createPigeonhole } from './sandbox/pigeonhole.ts';

export interface Stage {
  readonly pigeons: SandboxDesk;
  readonly helpdesk: SandboxDesk;
  /** Ann, who works on both desks: at Pigeonhole, at Helpdesk with her key, and there with her session. */
  readonly ann: { readonly pigeons: Client; readonly helpdesk: Client; readonly session: Client };
  close(): Promise<void>;
}

export async function setStage(helpdeskSettings: Readonly<Record<string, unknown>>): Promise<Stage> {
  const database = await createTestDatabase();
  const pigeons = await openDesk(createPigeonhole, { host: '127.0.0.1', port: 0 });
  const [helpdesk] = (await startSandbox({ only: ['helpdesk'] })) as [SandboxDesk];
  const env = { PORT: '0', DATABASE_URL: database.url, SECRET_KEY: 'a key that only tests are sealed with', API_TOKEN: 'a-token-that-only-tests-are-let-in-with', SWEEP_SECONDS: '3600' };
  const { config, secrets } = readConfig(env);
  const app = await startApp({ config, secrets, world: createWorld({ level: 'silent' }), connectors: { ...connectors, pigeonhole } });
  const accounts = [
    { name: 'pigeons', service: 'pigeonhole', url: pigeons.url, credentials: pigeons.credentials, settings: {} },
    { name: 'partner', service: 'helpdesk', url: helpdesk.url, credentials: helpdesk.credentials, settings: helpdeskSettings },
  ];
  const ways = [['pigeons', 'partner'], ['partner', 'pigeons']].map(([from = '', to = '']) => ({ from, to, terms: { ...USUAL_TERMS, owner: {} } }));
  const hooks = await app.apply(desiredOf({ accounts, mirrors: [{ name: 'both', ways, lenses: {} }], automations: [] }));
  const problems = hooks.filter(({ hook, problem }) => hook !== 'registered' || problem !== null);
  if (problems.length > 0) throw new Error(`webhooks that are not registered: ${JSON.stringify(problems)}`);
  const ann = {
    pigeons: clientOf(pigeons.url, { 'x-token': pigeons.human['token'] ?? '' }),
    helpdesk: clientOf(helpdesk.url, { authorization: `Bearer ${helpdesk.human['key'] ?? ''}`, 'x-workspace-id': helpdesk.human['workspace'] ?? '' }),
    session: clientOf(helpdesk.url, { authorization: `Bearer ${helpdesk.human['session_token'] ?? ''}` }),
  };
  const { hook_url: url = '' } = hooks.find(({ service }) => service === 'pigeonhole') ?? {};
  await ann.pigeons.call('POST', '/__sandbox/webhook', { url, secret: pigeons.credentials['webhook_secret'] });
  return {
    pigeons,
    helpdesk,
    ann,
    async close() {
      await app.stop();
      await pigeons.close();
      await helpdesk.close();
      await database.drop();
    },
  };
}

export const ticketsOf = (desk: SandboxDesk): readonly unknown[] => list(desk.state(), 'tickets');

/** The words of every note and message of a desk, and whether customers do not see it. */
export const notesOf = (desk: SandboxDesk): readonly (readonly [words: string, hidden: boolean])[] =>
  ticketsOf(desk).flatMap((ticket) => list(ticket, 'comments').map((note) => [String(at(note, 'html') ?? at(note, 'content')), at(note, 'internal') === true || at(note, 'type') === 'note'] as const));
