/**
 * Makes the part of docs/guarantees.md that is about each connector, of what the connectors say of themselves: what keeps the promises
 * there, and what remains uncertain.
 */
import { connectors } from '../../src/connectors/index.ts';
import type { Capabilities, Connector } from '../../src/ports/connector.ts';
import { accountOf, testWorld } from '../contract/connectors/world.ts';

const BEGINS = '<!-- connectors: made by `npm run docs` -->';
const ENDS = '<!-- /connectors -->';

/** The whole page with that part made anew. Throws if the page has no place for it. */
export function guaranteesPage(page: string): string {
  const [from, to] = [page.indexOf(BEGINS), page.indexOf(ENDS)];
  if (from < 0 || to < from) throw new Error(`docs/guarantees.md has no ${BEGINS} … ${ENDS}`);
  return `${page.slice(0, from + BEGINS.length)}\n\n${Object.values(connectors).map(section).join('\n')}\n${page.slice(to)}`;
}

function section(connector: Connector): string {
  const { about } = connector;
  const { url, credentials, settings } = about.sample;
  const { can } = connector.connect(accountOf({ connector, url, settings }, credentials), testWorld(() => 0));
  const rows: readonly (readonly [string, string])[] = [
    ['Once', about.once],
    ['Arrives', arrives(can)],
    ['Never wider', wider(can)],
    ['Stays alike', alike(can)],
  ];
  return [
    `### ${about.title} (\`${about.service}\`)\n`,
    ...rows.map(([promise, words]) => `- **${promise}.** ${words}`),
    `- **Check it.** \`npm run -s jest -- test/contract/connectors/${about.service}.test.ts\` runs the shared suite against this connector, with answers that are lost, cut off and refused;`,
    `  [its page](../src/connectors/${about.service}/README.md) has the vendor's sources, and marks with (?) what they leave open.\n`,
  ].join('\n');
}

function arrives({ tickets, comments, snapshots }: Capabilities): string {
  return [
    tickets.changesTellDeletes ? 'Deletions are in its list of changes.' : 'Its list of changes tells of no deletion: without a webhook one is found when the rotating look comes to that ticket.',
    `A new comment may be missing from its list for ${seconds(comments.listLagMs)}; an absence is believed only after that.`,
    ...(snapshots ? ['Its webhooks carry the whole ticket, which is used only if it is newer than what was seen.'] : []),
  ].join(' ');
}

function wider({ comments }: Capabilities): string {
  if (!comments.private) return 'It holds no private comments, so it gets none.';
  if (comments.makePrivate) return 'It holds private comments. A copy of one that becomes private elsewhere is made private.';
  if (comments.delete) return 'It holds private comments. A copy of one that becomes private elsewhere is deleted and written anew, private.';
  return 'It holds private comments. A copy of one that becomes private elsewhere can neither be hidden nor deleted here: it stays readable, and that is noted (`still public`).';
}

function alike({ comments, tickets }: Capabilities): string {
  return [
    comments.edit ? 'Texts of comments follow their edits.' : 'A copy of a comment keeps its first text.',
    comments.delete ? 'Deleted comments are deleted.' : 'Copies of deleted comments stay.',
    tickets.restore ? 'Deleted tickets come back as they were.' : 'A deleted ticket that is restored elsewhere is made anew.',
    ...(tickets.closedIsFinal ? [`It refuses every change of a closed ticket: what comes later waits${tickets.followUp ? ', or goes into a ticket that follows it (`closed: follow_up`)' : ''}.`] : []),
    'Between our last look and our write, some milliseconds, a person’s change of the same field is overwritten.',
  ].join(' ');
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
