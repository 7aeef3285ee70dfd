/** The real connectors against the sandbox desks that ship with Deskmesh. */
import { connectors } from '../../../src/connectors/index.ts';
import { startSandbox } from '../../../src/sandbox/index.ts';
import { deskSuite, type Premises } from './suite.ts';

/** The sandbox's agents are the same people on every desk. */
const AGENT = 'ben@example.com';
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  freshdesk: { webhook_header: 'X-Deskmesh-Secret' },
  helpdesk: { agents: { [AGENT]: 'usr_xyz789', 'ann@example.com': 'usr_abc123' }, description_field: 'cf_description' },
};

/** Where no API sets webhooks up, the secret is agreed by hand. */
const BY_HAND: Readonly<Record<string, Readonly<Record<string, string>>>> = { freshdesk: { webhook_secret: 'a-secret-set-by-hand' } };

for (const [service, connector] of Object.entries(connectors)) {
  deskSuite(`${service} against its sandbox`, async (): Promise<Premises> => {
    const [desk] = await startSandbox({ only: [service] });
    if (desk === undefined) throw new Error(`there is no sandbox desk for ${service}`);
    return {
      connector,
      url: desk.url,
      credentials: { ...desk.credentials, ...BY_HAND[service] },
      human: { ...desk.human, ...BY_HAND[service] },
      settings: SETTINGS[service] ?? {},
      agent: AGENT,
      reset: () => desk.reset(),
      async installWebhook(url, secret) {
        const headers = { 'content-type': 'application/json' };
        await fetch(`${desk.url}/__sandbox/webhook`, { method: 'POST', headers, body: JSON.stringify({ url, secret }) });
      },
      fault: (fault) => desk.faults(fault),
      close: () => desk.close(),
    };
  });
}
