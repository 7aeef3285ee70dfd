/** Addresses of desks, as people write them. */

/** What is wrong with the address of a desk, as a sentence; null if nothing is. */
export function wrongWithAddress(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'This must be the address of the desk, such as https://acme.zendesk.com.';
  if (url.username !== '' || url.password !== '') return 'This must not hold a user or a password: these belong into credentials.';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'This must end after the host or port: no path, query or fragment.';
  return null;
}
