/** `npm run docs`: writes the pages under docs/, and what else is made of the code's own data. */
import { writeFileSync } from 'node:fs';
import { connectorsPage } from './connectors-page.ts';
import { zapierSamples } from './zapier-samples.ts';

const ROOT = new URL('../../', import.meta.url);

writeFileSync(new URL('docs/connectors.md', ROOT), connectorsPage());
writeFileSync(new URL('integrations/zapier/src/samples.json', ROOT), zapierSamples());
