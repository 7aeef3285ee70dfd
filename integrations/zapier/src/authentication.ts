/** A Deskmesh of one's own: its address, and a token of the scope `all`. */
import type { Bundle, ZObject } from 'zapier-platform-core';
import { baseOf } from './requests.ts';

/** Proves the token with a call that only the scope `all` may make, since subscribing needs it. */
async function test(z: ZObject): Promise<object> {
  const response = await z.request<object>({ url: '/v1/subscriptions', params: { page_size: 1 } });
  return response.data;
}

export const authentication = {
  type: 'custom',
  fields: [
    { key: 'base_url', label: 'Address', type: 'string', required: true, helpText: 'Where your Deskmesh is reached, such as https://mesh.acme.example.' },
    {
      key: 'token',
      label: 'API token',
      type: 'password',
      required: true,
      helpText: 'A token of the scope `all`, made with `POST /v1/tokens`: subscribing needs one that may write and reaches every account.',
    },
  ],
  test,
  connectionLabel: (_z: ZObject, bundle: Bundle) => new URL(baseOf(bundle)).host,
} as const;
