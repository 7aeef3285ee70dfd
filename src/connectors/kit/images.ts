/**
 * Images inside texts. A reading names them `<img src="url of the attachment" alt="its filename">`; what a desk makes of
 * them differs, so the words are compared without their addresses.
 */
import { escapeHtml } from './html.ts';

const IMAGE = /<img\b(?:[^>"']|"[^"]*"|'[^']*')*>/gi;

export interface Image {
  readonly src: string | null;
  readonly alt: string | null;
  /** The tag as it stands. */
  readonly tag: string;
}

/** Gives each image to `replace` and puts what it answers in the image's place. */
export function withImages(html: string, replace: (image: Image) => string): string {
  return html.replace(IMAGE, (tag) => replace({ src: attribute(tag, 'src'), alt: attribute(tag, 'alt'), tag }));
}

/** An image as every reading shows it. */
export function imageTag(src: string, alt: string): string {
  return `<img src="${escapeHtml(src)}" alt="${escapeHtml(alt)}">`;
}

/** For desks that cannot show an image inside a text: its name stands in its place. */
export function imagesAsText(html: string): string {
  return withImages(html, ({ alt }) => `[${escapeHtml(alt?.trim() || 'image')}]`);
}

/** Puts the addresses that `moved` knows in place of the old ones; what it does not know stays as it is. */
export function imagesMoved(html: string, moved: ReadonlyMap<string, string>): string {
  return withImages(html, ({ src, alt, tag }) => {
    const to = src === null ? undefined : moved.get(src);
    return to === undefined ? tag : imageTag(to, alt ?? '');
  });
}

function attribute(tag: string, name: string): string | null {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag);
  const value = found?.[1] ?? found?.[2] ?? found?.[3];
  return value === undefined ? null : unescaped(value);
}

function unescaped(value: string): string {
  return value.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
