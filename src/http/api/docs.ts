/** `/openapi.json`, and `/docs`: a page for people, with a renderer that is served from here. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type Koa from 'koa';
import { AppError } from '../../errors.ts';
import { answerJson } from '../answer.ts';
import { openApiOf } from './openapi.ts';
import type { Route } from './route.ts';

/** The renderer's own files, under `/docs/`. */
const FILES: Readonly<Record<string, string>> = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' };

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Deskmesh API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="reference"><noscript>This page needs JavaScript; the document itself is at <a href="/openapi.json">/openapi.json</a>.</noscript></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true, docExpansion: 'list', defaultModelsExpandDepth: 0, validatorUrl: null });\n`;

/** The renderer styles its elements itself; nothing comes from elsewhere. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

interface Kept {
  readonly bytes: Buffer;
  readonly tag: string;
}

export function createDocs({ routes, publicUrl }: { readonly routes: readonly Route[]; readonly publicUrl: () => string }): Koa.Middleware {
  const files = new Map<string, Kept>();
  let document: { readonly url: string; readonly body: object } | null = null;

  function fileOf(name: string): Kept {
    let kept = files.get(name);
    if (kept === undefined) {
      const bytes = readFileSync(createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`));
      kept = { bytes, tag: `"${hash('sha256', bytes, 'hex').slice(0, 16)}"` };
      files.set(name, kept);
    }
    return kept;
  }

  function text(ctx: Koa.Context, type: string, body: string | Buffer): void {
    ctx.status = 200;
    ctx.set({ 'Content-Type': `${type}; charset=utf-8`, 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': POLICY });
    ctx.body = body;
  }

  return async function docs(ctx, next) {
    const path = ctx.path.replace(/\/$/, '');
    if (path !== '/openapi.json' && path !== '/docs' && !path.startsWith('/docs/')) return next();
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') throw new AppError('method_not_allowed', 'The documentation is read by GET.', { headers: { Allow: 'GET, HEAD' } });
    if (path === '/openapi.json') {
      const url = publicUrl();
      if (document?.url !== url) document = { url, body: openApiOf(routes, url) };
      answerJson(ctx, 200, document.body);
      return;
    }
    if (path === '/docs') return text(ctx, 'text/html', PAGE);
    const name = path.slice('/docs/'.length);
    if (name === 'start.js') return text(ctx, 'text/javascript', START);
    const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (type === undefined) return next();
    const { bytes, tag } = fileOf(name);
    ctx.set({ ETag: tag, 'Cache-Control': 'public, max-age=3600' });
    text(ctx, type, bytes);
    if (ctx.fresh) ctx.status = 304;
  };
}
