/** The examples of the Kloudless Help Desk API's page, word for word: what was asked and what was answered. */

type Json = Readonly<Record<string, unknown>>;

export const SENT_TICKET = {
  subject: 'test ticket',
  description: '<div>this is a ticket</div>',
  status: 'open',
  priority: 'high',
  requester: { email: 'test@test.com' },
  email_ccs: [{ email: 'test2@test.com' }, { email: 'test3@test.com' }],
};

export const TICKET: Json = {
  api: 'helpdesk',
  id: 'ticket_NjQ2MTUz',
  type: 'ticket',
  ticket_type: null,
  subject: 'test ticket',
  description: '<div>this is a ticket</div>',
  priority: 'high',
  status: 'open',
  tags: [],
  public: true,
  due_at: '2020-08-25T19:50:31Z',
  custom_properties: [],
  group: null,
  company: null,
  requester: { user_id: '3008384627', email: 'test@test.com', name: null },
  assignee: null,
  email_ccs: [{ email: 'test2@test.com' }, { email: 'test3@test.com' }],
  followers: [],
  created_at: '2020-08-25T07:50:31Z',
  modified_at: '2020-08-25T07:50:31Z',
};

export const SENT_COMMENT = { content: '<div>This is a test comment</div>.' };

export const COMMENT: Json = {
  api: 'helpdesk',
  id: 'comment_MzExOTg2MTQ2Mw',
  type: 'comment',
  content: '<div>This is a test comment.</div>',
  author: '4206043',
  public: false,
  attachments: [],
  created_at: '2020-08-25T07:54:31Z',
};

export const LIST: Json = { count: 1, page: 1, next_page: null, objects: [], type: 'object_list', api: 'helpdesk' };

/** The example calls, in an order in which each finds what it needs. Paths as they stand there, two of them without `helpdesk`. */
export const CALLS = [
  { name: 'Create a ticket', method: 'POST', path: '/helpdesk/tickets/', body: SENT_TICKET, answers: TICKET, status: 201 },
  { name: 'List tickets', method: 'GET', path: '/helpdesk/tickets/', body: null, answers: LIST, status: 200 },
  { name: 'Retrieve a ticket', method: 'GET', path: '/tickets/{ticket}', body: null, answers: TICKET, status: 200 },
  { name: 'Update a ticket', method: 'PATCH', path: '/helpdesk/tickets/{ticket}', body: { status: 'open', priority: 'high' }, answers: TICKET, status: 200 },
  { name: 'Create a comment', method: 'POST', path: '/helpdesk/tickets/{ticket}/comments', body: SENT_COMMENT, answers: COMMENT, status: 201 },
  { name: 'List ticket comments', method: 'GET', path: '/helpdesk/tickets/{ticket}/comments?page_size=1&page=2', body: null, answers: LIST, status: 200 },
  { name: 'Update a comment', method: 'PATCH', path: '/helpdesk/tickets/{ticket}/comments/{comment}', body: SENT_COMMENT, answers: COMMENT, status: 200 },
  { name: 'Delete a comment', method: 'DELETE', path: '/tickets/{ticket}/comments/{comment}', body: null, answers: null, status: 204 },
  { name: 'Delete a ticket', method: 'DELETE', path: '/tickets/{ticket}', body: null, answers: null, status: 204 },
] as const;
