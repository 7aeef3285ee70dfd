/** `npm run docs`: writes the pages under docs/ that are made of the code's own data. */
import { writeFileSync } from 'node:fs';
import { connectorsPage } from './connectors-page.ts';

writeFileSync(new URL('../../docs/connectors.md', import.meta.url), connectorsPage());
