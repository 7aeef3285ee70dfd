/** Files both ways: as a form from disk, and by links that are read anew just before they are followed. */
import type { Attachment, Warning } from '../../core/model.ts';
import { DeskFailure, type Download, type FileSource } from '../../ports/connector.ts';
import type { Answer, Sending } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import type { Attempt } from './correct.ts';
import type { Connection } from './connection.ts';
import type { Blame } from './complaints.ts';
import type { Body } from './map.ts';

/** JSON where there are no files: only that can say that something is empty. In a form everything is text. */
export async function sendingOf(body: Body, files: readonly FileSource[]): Promise<Sending> {
  if (files.length === 0) return { json: body };
  const form = new FormData();
  for (const [key, value] of Object.entries(body)) append(form, key, value);
  for (const file of files) form.append('attachments[]', await file.blob(), file.filename);
  return { form };
}

function append(form: FormData, key: string, value: unknown): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) for (const one of value as readonly unknown[]) append(form, `${key}[]`, one);
  else if (typeof value === 'object') for (const [inner, one] of Object.entries(value)) append(form, `${key}[${inner}]`, one);
  else form.append(key, String(value));
}

/** Whether a refusal is about the files alone, so that the words can go without them. */
export function isFull(blames: readonly Blame[]): boolean {
  return blames.length > 0 && blames.every(({ key }) => key.startsWith('attachments'));
}

export function leftBehind(files: readonly FileSource[], blames: readonly Blame[]): readonly Warning[] {
  return files.map(({ filename }) => ({ field: 'attachments', reason: `${filename}: Freshdesk refused it: ${blames[0]?.message ?? 'no reason given'}` }));
}

/** A write with files, and the same without them. */
export type Send = (attempt: Attempt, files: readonly FileSource[]) => Promise<Answer>;

/** How long a link that was read is followed without reading it anew. */
const LINK_MS = 30_000;
/** What an expired or withdrawn link is answered with. */
const STALE: ReadonlySet<number> = new Set([400, 403, 404, 410]);

type Of = { readonly ticketId: string; readonly commentId: string | null };

export interface Links {
  /** Remembers where files were seen just now. */
  note(of: Of, attachments: readonly Attachment[]): void;
  download(attachment: Pick<Attachment, 'id' | 'url'>, of: Of): Promise<Download>;
}

/** `read` gives the files of a ticket or comment as the desk tells them now; null if it is gone. */
export function openLinks({ http, now }: Connection, read: (of: Of) => Promise<readonly Attachment[] | null>): Links {
  const links = memory<string>({ max: 20_000, ttlMs: LINK_MS, now });
  const keyOf = ({ ticketId, commentId }: Of, id: string): string => `${ticketId}/${commentId ?? ''}/${id}`;
  const note = (of: Of, attachments: readonly Attachment[]): void => {
    for (const { id, url } of attachments) links.set(keyOf(of, id), url);
  };
  // A signed link is its own proof, and its host refuses any other.
  const follow = (url: string): Promise<Download> => http.download(url, { credentials: false });

  return {
    note,
    async download({ id }, of) {
      const known = links.get(keyOf(of, id));
      if (known !== undefined) {
        try {
          return await follow(known);
        } catch (error) {
          if (!(error instanceof DeskFailure) || error.status === null || !STALE.has(error.status)) throw error;
        }
      }
      const attachments = await read(of);
      const found = attachments?.find((attachment) => attachment.id === id);
      if (attachments === null || found === undefined) throw new DeskFailure('missing', 'the file is no longer there');
      note(of, attachments);
      return followed(follow(found.url));
    },
  };
}

/** A link that was read a moment ago and is refused all the same says nothing of our credentials. */
async function followed(download: Promise<Download>): Promise<Download> {
  try {
    return await download;
  } catch (error) {
    if (error instanceof DeskFailure && error.kind === 'unauthorised') throw new DeskFailure('refused', error.message, { status: error.status, code: error.code });
    throw error;
  }
}
