/** What the stories of processes that die put between the engine and its desks: lost answers, refusals, follow-ups, files. */
import type { Attachment } from '../../src/core/model.ts';
import { DeskFailure, type Desk, type FileSource } from '../../src/ports/connector.ts';

/** What a story puts between the engine and its desks. */
export interface Props {
  bend(desk: Desk): Desk;
  /** From here on something goes wrong on the desks, or no longer does. */
  turn?(): void;
  /** Puts a file on what a person wrote: a ticket or a comment, by its id. */
  attach?(id: string, filename: string): void;
  /** The names of the files on a ticket or comment. */
  filesOf?(of: { readonly id: string; readonly key: string | null }): readonly string[];
}

/** The answer to the first such call is lost, though it was done. */
export function losesFirst(method: 'createTicket' | 'createComment' | 'updateTicket'): () => Props {
  return () => {
    let lost = false;
    return {
      bend: (desk) => ({
        ...desk,
        async [method](...args: never[]) {
          const answer = await (desk[method] as (...all: never[]) => Promise<unknown>)(...args);
          if (lost) return answer;
          lost = true;
          throw new DeskFailure('unsure', 'no answer', { status: null });
        },
      }),
    };
  };
}

/** The desk that forbids changes of closed tickets makes new ones that follow them. */
export const followsUp = (): Props => ({ bend: (desk) => ({ ...desk, can: { ...desk.can, tickets: { ...desk.can.tickets, followUp: desk.can.tickets.closedIsFinal } } }) });

/** Refuses updates until the turn. */
export function refuses(): Props {
  let refusing = true;
  return {
    bend: (desk) => ({
      ...desk,
      updateTicket: (...args) => (refusing ? Promise.reject(new DeskFailure('refused', 'not today', { status: 422 })) : desk.updateTicket(...args)),
    }),
    turn: () => {
      refusing = false;
    },
  };
}

/**
 * Desks that hold files. What we write is known by the key of its ticket or comment, so that it is there exactly if that write
 * took effect.
 */
export function withFiles(): Props {
  const byPeople = new Map<string, string[]>();
  const byKey = new Map<string, readonly string[]>();
  const filesOf: NonNullable<Props['filesOf']> = ({ id, key }) => byPeople.get(id) ?? (key === null ? [] : (byKey.get(key) ?? []));
  const attachments = (of: { readonly id: string; readonly key: string | null }): readonly Attachment[] =>
    filesOf(of).map((filename) => ({ id: `${of.id}/${filename}`, filename, content_type: 'text/plain', url: `sim://${filename}`, thumb_url: null, size: filename.length, inline: false }));
  const written = async (key: string, files: readonly FileSource[] = []): Promise<void> => {
    const names = await Promise.all(
      files.map(async (file) => {
        let text = '';
        for await (const part of file.open()) text += Buffer.from(part).toString();
        if (text !== file.filename) throw new Error(`${file.filename} says ${text}`);
        return file.filename;
      }),
    );
    if (names.length > 0) byKey.set(key, names);
  };
  return {
    filesOf,
    attach: (id, filename) => byPeople.set(id, [...(byPeople.get(id) ?? []), filename]),
    bend: (desk) => ({
      ...desk,
      can: { ...desk.can, files: { read: true, ticket: true, comment: true, inline: false, maxBytes: 1_000, maxTotalBytes: 1_000, callTimeoutMs: 60_000 } },
      async getTicket(id) {
        const ticket = await desk.getTicket(id);
        return { ...ticket, attachments: attachments(ticket) };
      },
      async listComments(id, page) {
        const { items, next } = await desk.listComments(id, page);
        return { items: items.map((comment) => ({ ...comment, attachments: attachments(comment) })), next };
      },
      // A file says its own name.
      download: ({ url }) => {
        const bytes = Buffer.from(url.slice('sim://'.length));
        return Promise.resolve({ stream: (async function* () { yield bytes; })(), size: bytes.length, content_type: 'text/plain' });
      },
      async createTicket(fields, key, files, follows) {
        await written(key, files);
        return desk.createTicket(fields, key, files, follows);
      },
      async updateTicket(id, patch, key, along) {
        if (along !== undefined) await written(along.key, along.files);
        return desk.updateTicket(id, patch, key, along);
      },
      async createComment(ticketId, draft, key, files) {
        await written(key, files);
        return desk.createComment(ticketId, draft, key, files);
      },
    }),
  };
}
