/** The registry: every service that Deskmesh connects, one line each. It has no prototype, so that no name but these is found. */
import type { Service } from '../core/model.ts';
import type { Connector } from '../ports/connector.ts';
import { freshdesk } from './freshdesk/index.ts';
import { helpdesk } from './helpdesk/index.ts';
import { helpspace } from './helpspace/index.ts';
import { zendesk } from './zendesk/index.ts';
import { zendeskClassic } from './zendesk-classic/index.ts';

export const connectors: Readonly<Record<Service, Connector>> = Object.freeze(
  Object.assign(Object.create(null) as Record<Service, Connector>, {
    freshdesk,
    helpdesk,
    helpspace,
    zendesk,
    'zendesk-classic': zendeskClassic,
  }),
);
