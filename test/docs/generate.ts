/** `npm run docs`: writes the pages under docs/, and what else is made of the code's own data. */
import { readFileSync, writeFileSync } from 'node:fs';
import { connectorsPage } from './connectors-page.ts';
import { guaranteesPage } from './guarantees-page.ts';
import { zapierSamples } from './zapier-samples.ts';

const ROOT = new URL('../../', import.meta.url);
const guarantees = new URL('docs/guarantees.md', ROOT);

writeFileSync(new URL('docs/connectors.md', ROOT), connectorsPage());
writeFileSync(guarantees, guaranteesPage(readFileSync(guarantees, 'utf8')));
writeFileSync(new URL('integrations/zapier/src/samples.json', ROOT), zapierSamples());
