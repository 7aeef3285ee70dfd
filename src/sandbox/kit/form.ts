/** Multipart forms, as vendors take files: parsed by the platform, handed on as plain values in their order. */

export type FormPart =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly filename: string; readonly type: string; readonly bytes: Buffer };

/** Null if the body is not the form that its content type promises. */
export async function readForm(contentType: string, body: Buffer): Promise<readonly FormPart[] | null> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    const parts: FormPart[] = [];
    for (const [name, value] of form) {
      if (typeof value === 'string') parts.push({ name, value });
      else parts.push({ name, filename: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) });
    }
    return parts;
  } catch {
    return null;
  }
}
