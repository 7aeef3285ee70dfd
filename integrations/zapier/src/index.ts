/** The app: what Zapier reads, and what its tester runs. https://docs.zapier.com/platform */
import zapier from 'zapier-platform-core';
import { authentication } from './authentication.ts';
import { creates } from './creates.ts';
import { addBase, authorize, explain } from './requests.ts';
import { accountList, eventTriggers } from './triggers.ts';

export default {
  version: '0.1.0',
  platformVersion: zapier.version,
  flags: { cleanInputData: false },
  authentication,
  beforeRequest: [addBase, authorize],
  afterResponse: [explain],
  triggers: Object.fromEntries([...eventTriggers, accountList].map((trigger) => [trigger.key, trigger])),
  creates: Object.fromEntries(creates.map((create) => [create.key, create])),
};
