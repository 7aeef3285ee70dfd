/** `deskmesh drift`: reads both sides of every link live and tells what is not as it should be; has the loop repair it, if asked. */
import type { Environment } from '../config.ts';
import type { Difference } from '../core/finding.ts';
import { shortened } from '../core/changes.ts';
import { createDrift, type Drifted, type DriftReport } from '../engine/drift.ts';
import { createGentle } from '../engine/gentle.ts';
import type { Rest } from '../engine/quiet.ts';
import { beside } from './beside.ts';
import { createProgress } from './progress.ts';
import { counted, isoOf, shownValue } from './words.ts';

export interface DriftOptions {
  readonly mirror?: string;
  readonly repair: boolean;
  readonly lanes: number;
  readonly json: boolean;
}

/** Exit codes: everything is alike, something could not be read or done, and something differs. */
const ALIKE = 0;
const UNSURE = 1;
const DRIFTED = 2;

/** Gives the exit code. */
export async function driftCommand(options: DriftOptions, env: Environment, print: (line: string) => void): Promise<number> {
  const { mirror = null, json } = options;
  return beside(env, async ({ store, roster, operator, world }) => {
    const progress = createProgress(world);
    const gentle = createGentle({ roster, world, width: options.lanes });
    const drift = createDrift({
      survey: store.survey, accounts: store.accounts, lanes: store.lanes, records: store.records, roster, gentle, world,
      progress: (done, all, what) => progress.show(done, all, what),
    });
    try {
      const found = await drift.compare(mirror);
      if (!options.repair || (found.links.length === 0 && found.strangers.length === 0)) {
        progress.end();
        return tell(found, null, json, print);
      }
      const { rest, links } = await operator.repair.repair(found.links, found.strangers, (left) => progress.show(0, null, `${counted(left, 'lane')} at work`));
      // With nobody at work all is as it was.
      const after = rest === 'idle' ? found : await drift.again(await drift.scope(mirror), found, links);
      progress.end();
      return tell(after, { rest, before: found.findings.length }, json, print);
    } finally {
      progress.end();
    }
  });
}

interface Repairing {
  readonly rest: Rest;
  /** Findings before. */
  readonly before: number;
}

function tell(report: DriftReport, repairing: Repairing | null, json: boolean, print: (line: string) => void): number {
  for (const line of json ? driftJson(report, repairing) : driftText(report, repairing)) print(line);
  if (report.findings.length > 0) return DRIFTED;
  return report.unread.length > 0 || (repairing !== null && repairing.rest !== 'quiet') ? UNSURE : ALIKE;
}

/** Counts of one kind, tickets and comments together. */
function countOf(report: DriftReport, kind: Drifted['kind']): number {
  return report.findings.filter((finding) => finding.kind === kind).length;
}

function oldest({ findings }: DriftReport): number | null {
  return findings.length === 0 ? null : findings.reduce((least, { since }) => Math.min(least, since), Infinity);
}

function driftJson(report: DriftReport, repairing: Repairing | null): readonly string[] {
  const summary = {
    mirrored: report.alike.size,
    missing: countOf(report, 'missing'),
    extra: countOf(report, 'extra'),
    differing: countOf(report, 'differing'),
    oldest_unmirrored: isoOf(oldest(report)),
    older: report.older,
    left: report.left.size,
    unread: report.unread.length,
    ...(repairing !== null && { repaired: Math.max(0, repairing.before - report.findings.length), rest: repairing.rest }),
  };
  return [
    ...report.unread.map((unread) => ({ unread })),
    ...report.findings.map(({ since, differences, ...finding }) => ({ finding: { ...finding, since: isoOf(since), differences: differences.map(differenceJson) } })),
    { drift: summary },
  ].map((line) => JSON.stringify(line));
}

function differenceJson({ field, link, desk, because }: Difference): object {
  return { field, link: shortened(link), desk: shortened(desk), because };
}

function driftText(report: DriftReport, repairing: Repairing | null): readonly string[] {
  const lines = report.findings.flatMap(findingText);
  for (const { account, ticket_id: ticket, why } of report.unread) lines.push(`${account}${ticket === null ? '' : `:${ticket}`} could not be read: ${why}`);
  const since = oldest(report);
  lines.push(`mirrored ${report.alike.size}, missing ${countOf(report, 'missing')}, extra ${countOf(report, 'extra')}, differing ${countOf(report, 'differing')}${since === null ? '' : `, oldest unmirrored ${isoOf(since)}`}`);
  if (report.older > 0) lines.push(`${counted(report.older, 'copy', 'copies')} of tickets older than their account or mirror are not there: deskmesh backfill brings tickets that no mirror carries yet; one that is mirrored already comes with its next change`);
  if (repairing !== null) lines.push(restText(repairing, report));
  return lines;
}

function restText({ rest, before }: Repairing, report: DriftReport): string {
  if (rest === 'idle') return 'Nobody is working: start deskmesh serve, and what was signalled is looked at.';
  const repaired = Math.max(0, before - report.findings.length);
  return rest === 'late' ? `${repaired} repaired; the loop is still at it` : `${repaired} of ${counted(before, 'finding')} repaired`;
}

function findingText({ kind, what, account, ticket_id: ticket, link_id: link, uid, comment_id: comment, differences, because, since }: Drifted): readonly string[] {
  const place = ticket === null ? `${account} (link ${link})` : `${account}:${ticket}`;
  const which = what === 'ticket' ? '' : ` comment ${uid ?? comment ?? ''}`;
  return [
    `${place}:${which} ${kind}, since ${isoOf(since)}: ${because}`,
    ...differences.map(({ field, link: wanted, desk }) => `    ${field}: ${shownValue(wanted)} by the link, ${shownValue(desk)} here`),
  ];
}
