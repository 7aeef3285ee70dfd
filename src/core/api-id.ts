/** Ids of the Help Desk API: a prefix and the desk's own id in unpadded base64url, `ticket_NjQ2MTUz` for 646153. Pure. */
export function apiId(kind: 'ticket' | 'comment', rawId: string): string {
  return `${kind}_${Buffer.from(rawId, 'utf8').toString('base64url')}`;
}
