/**
 * Deliberate bugs, at least one for each rule of the loop: each must be noticed by the oracle. A bug is an edit of a source as it
 * is loaded, so that the product itself has no seams for it; an edit whose text is not found ends the run.
 */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { StagingName } from './stagings.ts';

export interface Edit {
  /** From the project's root. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutation {
  /** The rule of the loop that it breaks. */
  readonly rule: string;
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Only a staged scenario comes to this. */
  readonly staging?: StagingName;
}

/** Bends the sources that are loaded from now on. The result throws if one of the edits was not made. */
export function bendSources(edits: readonly Edit[]): () => void {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const left = new Set(edits);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const own = edits.filter(({ file }) => url.startsWith('file:') && fileURLToPath(url) === `${root}${file}`);
      if (own.length === 0) return loaded;
      let source = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
      for (const edit of own) {
        if (source.split(edit.find).length !== 2) throw new Error(`${edit.file} does not hold this text exactly once: ${edit.find}`);
        source = source.replace(edit.find, () => edit.replace);
        left.delete(edit);
      }
      return { ...loaded, source };
    },
  });
  return () => {
    for (const { file } of left) throw new Error(`${file} was not loaded`);
  };
}

const one = (rule: string, name: string, file: string, find: string, replace: string, more: Pick<Mutation, 'staging'> = {}): Mutation => ({
  rule, name, edits: [{ file, find, replace }], ...more,
});

const ABSORB = 'src/core/absorb.ts';
const COMMENTS = 'src/core/absorb-comments.ts';
const PLAN = 'src/core/plan.ts';
const PLAN_FIELDS = 'src/core/plan-fields.ts';
const BOUNCE = 'src/core/bounce.ts';
const PLAN_COMMENTS = 'src/core/plan-comments.ts';
const SETTLE = 'src/core/settle.ts';
const LANDING = 'src/core/landing.ts';
const MEET = 'src/engine/meet.ts';
const ADVANCE = 'src/engine/advance.ts';
const STORE = 'src/store/memory.ts';

export const MUTATIONS: readonly Mutation[] = [
  one('1', 'absence is believed at once', LANDING, 'const landed = landedAt(intent, can) + CLOCKS_APART_MS;', 'if (intent.sent > 0) return 0; const landed = landedAt(intent, can);'),
  one('1', 'a create is sent again without a look', LANDING, 'now - intent.first_sent < can.tickets.idempotentCreateMs - CLOCKS_APART_MS;', 'now > 0;'),
  one('1', 'a desk’s lag is not waited for', LANDING, 'return landed + can.tickets.findLagMs;', 'return landed;'),
  one('2', 'an unknown ticket does not wait for creates in flight', MEET, '} else if (!desk.can.tickets.keyVisible &&', '} else if (desk.can.tickets.findLagMs < 0 &&'),
  one('2', 'a ticket with our key is taken for a stranger’s', MEET, 'if (own !== null && own.ticket_id === null) {', 'if (own !== null && own.ticket_id === "") {'),
  one('3', 'a second copy of ours is left', COMMENTS, '  draft.surplus.add(comment.id);', ''),
  {
    rule: '4', name: 'whatever carries our mark is ours', staging: 'a clone that carries our mark',
    edits: [
      { file: STORE, find: 'row.replica.ticket_id === null && row.replica.link_id !== null && ticketKey', replace: 'row.replica.link_id !== null && ticketKey' },
      { file: MEET, find: 'if (own !== null && own.ticket_id === null) {', replace: "if (own !== null && own.ticket_id !== null) {\n        await dismiss(hand, 'it is our own');\n        return false;\n      }\n      if (own !== null) {" },
    ],
  },
  one('5', 'what is found is base, instead of what was written', SETTLE, 'const expected = answered ?? intent.forecast[field];', 'const expected = done.adopted && done.ticket !== null ? normal(field, sight.lens.read(done.ticket)[field]) : (answered ?? intent.forecast[field]);'),
  one('6', 'a write counts for what the link says now', SETTLE, 'const written = writeFields(calm, intent, done, sight, now);', 'const written = writeFields(calm, { ...intent, clocks: Object.fromEntries(Object.keys(intent.clocks).map((name) => [name, link.fields[name as LinkField]?.clock ?? 0])) }, done, sight, now);'),
  one('7', 'a ticket that is made again has its old key', 'src/core/keys.ts', "keyOf('ticket', replica.id, replica.generation)", "keyOf('ticket', replica.id)"),
  one('8', 'a look for our key passes over the trash', 'test/simulation/desk.ts', 'if (ticket.key === key && !ticket.gone &&', 'if (ticket.key === key && lifeOf(ticket) &&', { staging: 'a copy that is in the trash before we learnt its id' }),
  one('9', 'the whole answer is base', SETTLE, 'return absorb(link, along, { began: intent.sent, ticket: done.ticket, comments: null }, sight, quiet);', 'return absorb(link, along, { began: intent.sent, ticket: done.ticket, comments: null }, sight, FIELD_NAMES);'),
  one('10', 'what an unanswered write did is taken for a person’s change', ABSORB, "if (intent?.kind === 'ticket.update' && intent.clocks[field] !== undefined && same(seen, intent.forecast[field])) {", 'if (intent?.tries === -1 && intent.clocks[field] !== undefined) {'),
  one('11', 'a desk’s own change inside the answer is base', SETTLE, "const answered = values === null || kindOf(field) !== 'text' ? undefined : normal(field, values[field]);", 'const answered = values === null ? undefined : normal(field, values[field]);'),
  one('12', 'contradicting rules of desks are never held', BOUNCE, 'if (count < BOUNCE_LIMIT) return true;', 'if (count > 0) return true;', { staging: 'rules of two desks that contradict each other' }),
  {
    rule: '13', name: 'an absence is a person’s deletion, whatever we did ourselves and whatever happened elsewhere',
    staging: 'restored elsewhere while our deletion is not answered',
    edits: [
      { file: ABSORB, find: "if (replica.intent?.kind === 'ticket.delete') {\n    return", replace: "if (replica.intent?.kind === 'ticket.delete' && link.life.clock < 0) {\n    return" },
      { file: ABSORB, find: 'if (link.life.clock > replica.life_applied) {\n    return { link, replica: gone', replace: 'if (link.life.clock < 0) {\n    return { link, replica: gone' },
    ],
  },
  one('14', 'wall clocks decide what is newer', ABSORB, 'const caughtUp = state === undefined || Math.max(applied, sent) >= state.clock;', 'const caughtUp = state === undefined;'),
  one('15', 'a value that the link has already moves its clock', ABSORB, 'if (state !== undefined && same(shown, seen) && !reopened && !left && !own) {', 'if (state !== undefined && seen === undefined && !reopened && !left && !own) {', { staging: 'the same value on two desks, then another' }),
  one('16', 'tags are one value', ABSORB, "if (kindOf(field) === 'set') {", "if (kindOf(field) === 'person' && value === undefined) {"),
  one('17', 'nothing is looked at before it is written over', ADVANCE, "if (step.kind === 'ticket.update') return hand.lookedAt < freshSince;", "if (step.kind === 'ticket.update') return false;", { staging: 'a newer change that no webhook told' }),
  one('18', 'a comment that is not listed yet was deleted', 'src/core/guards.ts', 'if (began <= copy.since + listLagMs + (copy.since === 0 ? 0 : CLOCKS_APART_MS)) return false;', ''),
  one('19', 'a copy stays public when its comment is hidden', PLAN_COMMENTS, 'if (copy.public && !isPublicHere(comment, sight)) {', 'if (copy.public && comment.deleted) {'),
  one('19', 'a private comment goes to a desk that shows it to all', PLAN_COMMENTS, 'if (!isPublicHere(comment, sight) && !sight.can.comments.private) {', 'if (!isPublicHere(comment, sight) && !sight.can.comments.create) {'),
  one('20', 'closing comes before the comments', PLAN, '  const comments = planComments(link, living, sight);\n', '  const first = planUpdate(link, living, sight, now);\n  if (first.step !== null) return first;\n  const comments = planComments(link, living, sight);\n', { staging: 'commented and closed while the other desk was down' }),
  one('20', 'tickets are created closed', PLAN, "if (field === 'status' && state.value === 'closed') continue;", '', { staging: 'closed before it was mirrored' }),
  {
    rule: '21', name: 'a lane whose process died is nobody’s',
    edits: [
      { file: STORE, find: "if (turn.release === 'keep') row.due_at = now + 30_000;", replace: "if (turn.release === 'keep') row.due_at = null;" },
      { file: STORE, find: 'row.due_at = now + leaseMs;\n            taken.push', replace: 'row.due_at = null;\n            taken.push' },
      { file: STORE, find: 'if (row?.lease === lease) row.due_at = world.now() + leaseMs;', replace: '' },
      { file: 'src/engine/sweep.ts', find: '      await lanes.mend();\n', replace: '' },
    ],
  },
  one('21', 'nobody mends lost wake-ups', 'src/engine/sweep.ts', '      await lanes.mend();\n', '', { staging: 'a wake-up that somebody took out of the database' }),
  one('22', 'a wake-up that waits keeps an earlier one away', STORE, 'if (known.lease === null) known.due_at = Math.min(known.due_at ?? now, now);', 'if (known.lease === null) known.due_at ??= now;', { staging: 'a change while the lane of its ticket waits' }),
  one('23', 'one account may have all lanes', 'src/engine/worker.ts', 'const widest = Math.max(1, Math.min(width - 2, ACCOUNT_LANES));', 'const widest = width;', { staging: 'a desk whose calls all hang' }),
  one('24', 'nobody reads change feeds, nor looks in turn', 'src/engine/sweep.ts', '      await readFeed(accountId);\n      await rotate(accountId);\n', ''),
  one('24', 'nobody looks in turn', 'src/engine/sweep.ts', '      await rotate(accountId);\n', ''),
  one('25', 'refused once is refused', SETTLE, 'const count = suspected ? before : before + 1;', 'const count = 2;'),
  one('26', 'a snapshot of a deleted ticket is believed', 'src/engine/look.ts', "snapshot === null || replica.state === 'deleted' ||", 'snapshot === null ||', { staging: 'a snapshot that comes after the deletion' }),
  one('26', 'an old snapshot is believed', 'src/engine/look.ts', '  if (timeOf(snapshot.modified_at, 0) <= replica.modified) return null;\n', ''),
  one('fields', 'one refused field holds up the others', PLAN_FIELDS, "if (suspects.length === 0) return due;", "if (suspects.length >= 0) return due;"),
  one('fields', 'what a mirror leaves alone is written', PLAN_FIELDS, 'return terms === null || terms.ignore.some((name) => name === field);', 'return terms === null;'),
  one('owner', 'nobody owns a field', ABSORB, 'if (owner !== null && owner !== sight.account.id && state !== undefined) {', 'if (owner === -1 && state !== undefined) {'),
  one('owner', 'what others changed is not set back', ABSORB, 'if (sight.rules.terms(owner, sight.account.id) !== null) delete draft.applied[field];', ''),
  one('where', 'every ticket fits every condition', 'src/core/rules.ts', 'test === null || kept(edge) || test(ticket)', 'test === null || kept(edge) || ticket !== null'),
  one('where', 'what its own desk says does not make a ticket fit again', 'src/core/absorb-draft.ts', "return id === link.origin ? 'enters' : 'gives way';", "return 'gives way';", { staging: 'a ticket that fits a condition again' }),
  one('where', 'what was changed while a ticket was cut off stands for ever', ABSORB, "because, values: { won: state?.value ?? null, lost: value } });\n    delete draft.applied[field];", 'because, values: { won: state?.value ?? null, lost: value } });', { staging: 'a change on the far side of a condition' }),
  one('on_delete', 'nothing is closed instead of deleted', PLAN, "if (terms.on_delete === 'close') return planClosing", "if (terms.on_delete === ('never' as never)) return planClosing"),
  one('on_delete', 'a ticket that was deleted elsewhere and kept here is left to itself', PLAN, 'if (end.step !== null || !livesOn(link, end.replica)) return end;', 'if (end.replica !== null) return end;'),
  one('on_delete', 'deletions that no mirror carries are carried', PLAN, "if (terms === null || terms.on_delete === 'ignore') {", 'if (terms === null) {', { staging: 'a deletion that one mirror carries and another does not' }),
  one('values', 'a desk’s words are taken for the mesh’s', 'src/core/lens.ts', '(here.get(folded(word)) ?? word)', 'word'),
  one('comments', 'every comment goes everywhere', PLAN_COMMENTS, "return terms.comments !== 'public' || comment.public || comment.deleted;", "return terms.comments !== 'none';"),
  one('clocks', 'our own clocks are taken to agree', LANDING, 'export const CLOCKS_APART_MS = 5_000;', 'export const CLOCKS_APART_MS = 0;'),
  one('fence', 'a lane that was taken over may still commit', STORE, 'if (row === undefined || row.lease !== turn.lease)', 'if (row === undefined)', { staging: 'a lane that was taken over while its process stood still' }),
  one('fence', 'a link that moved on is written over', STORE, '!== turn.link.before.version) return', '< 0) return'),
  one('intake', 'a repeated webhook is no signal', STORE, "if (receipt.state === 'accepted' && receipt.ticket_id !== null) {", "if (known === undefined && receipt.state === 'accepted' && receipt.ticket_id !== null) {", { staging: 'two changes that their desk tells in the same words' }),
  one('intake', 'webhooks need no proof', 'src/engine/receive.ts', "      if (doubt !== null) throw new AppError('unauthorized', doubt);\n", ''),
  one('guards', 'a flood of deletions is believed', 'src/core/guards.ts', 'return recent > deletions.count && recent > deletions.share * tickets;', 'return recent < 0 && recent > deletions.share * tickets;', { staging: 'a flood of deletions' }),
  one('guards', 'a list that is empty once is believed', 'src/core/guards.ts', 'return replica.doubt === 0 || look.began < replica.doubt + DOUBT_MS;', 'return false;', { staging: 'a list of comments that is empty once' }),
  // A write that counted for less than it carried would not be noticed: what the desk shows already is never written again.
  one('outage', 'every changed field of an outage is written by itself', PLAN_FIELDS, 'if (suspects.length === 0) return due;\n', 'if (suspects.length === 0) return due.slice(0, 1);\n', { staging: 'a desk that is down for an hour' }),
];
