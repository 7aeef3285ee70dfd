/** A sixth desk, made as docs/adding-a-connector.md says and outside of src, does what every connector must do. */
import { openDesk } from '../../src/sandbox/kit/server.ts';
import type { Premises } from '../contract/connectors/bench.ts';
import { deskSuite } from '../contract/connectors/suite.ts';
import { pigeonhole } from './pigeonhole/index.ts';
import { createPigeonhole } from './sandbox/pigeonhole.ts';

deskSuite('pigeonhole against its sandbox', async (): Promise<Premises> => {
  const desk = await openDesk(createPigeonhole, { host: '127.0.0.1', port: 0 });
  return {
    connector: pigeonhole,
    url: desk.url,
    credentials: desk.credentials,
    human: desk.human,
    settings: {},
    agent: 'ann@example.com',
    reset: () => desk.reset(),
    async installWebhook(url, secret) {
      await fetch(`${desk.url}/__sandbox/webhook`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ url, secret }) });
    },
    fault: (fault) => desk.faults(fault),
    close: () => desk.close(),
  };
});
