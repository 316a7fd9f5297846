import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow } from '../build/precompress';

/**
 * What a planner's browser fetches before the first map, as it travels: HTML, scripts, styles, worker and fonts. The build must
 * have been made (`npm run build`): without it this fails, it is not skipped.
 */
const DIST = join(import.meta.dirname, '..', 'dist');
const BUDGET_BYTES = 480_000;
/** Of twelve requests three are the server's answers: catalogue, style, TileJSON. */
const BUDGET_FILES = 9;

const sent = (path: string) => readFileSync(join(DIST, existsSync(join(DIST, `${path}.br`)) ? `${path}.br` : path)).length;
const read = (path: string) => readFileSync(join(DIST, path), 'utf8');

/** The page, what it names, and the chunks that are fetched to draw the map; the rest of the build is loaded when needed. */
function firstMap(): string[] {
  const assets = filesBelow(join(DIST, 'assets')).filter((name) => !/\.(br|gz)$/.test(name));
  const page = read('index.html');
  const named = assets.filter((name) => page.includes(name));
  const drawing = assets.filter((name) => /^(view|maplibre)-.*\.js$|worker.*\.mjs$|\.woff2$/.test(name));
  return ['index.html', ...new Set([...named, ...drawing].map((name) => `assets/${name}`))];
}

describe('the built portal', () => {
  it('stays within the budget of the first map', () => {
    const sizes = Object.fromEntries(firstMap().map((path) => [path, sent(path)]));
    const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    expect(total, JSON.stringify(sizes, null, 1)).toBeLessThanOrEqual(BUDGET_BYTES);
    expect(total).toBeGreaterThan(300_000);
  });

  it('needs few requests', () => {
    expect(firstMap().length).toBeLessThanOrEqual(BUDGET_FILES);
  });

  it('keeps the form of a report small before any map', () => {
    // what report.js imports at once, what its chunks import, the styles and the two weights of the font
    const wanted = new Set(['report.js']);
    for (const path of wanted) {
      const folder = path.includes('/') ? 'assets/' : '';
      for (const [, from] of read(path).matchAll(/(?:import|from)\s*["']\.\/((?:assets\/)?[\w.-]+\.js)["']/g)) wanted.add(from!.startsWith('assets/') ? from! : folder + from!);
    }
    const pages = join(import.meta.dirname, '..', '..', 'operations', 'static', 'pages.css');
    const styles = sent('embed.css') + readFileSync(pages).length / 3;
    const fonts = filesBelow(DIST).filter((name) => /titillium-web-latin-(400|600)-normal.*\.woff2$/.test(name)).map(sent);
    const total = [...wanted].map(sent).reduce((sum, size) => sum + size, 0) + styles + fonts.reduce((sum, size) => sum + size, 0);
    expect([...wanted].join(' ')).not.toMatch(/maplibre|view-/);
    expect(total, JSON.stringify([[...wanted], fonts, styles])).toBeLessThanOrEqual(90_000);
  });

  it('has no inline script or style, and nothing from a third party', () => {
    const page = read('index.html');
    expect(page).not.toMatch(/<style|style="|<script(?![^>]*\ssrc=)|\son\w+="/);
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    const styles = filesBelow(DIST).filter((name) => name.endsWith('.css')).map(read).join('');
    expect(styles).not.toMatch(/url\(["']?(?:https?:)?\/\//);
  });

  it('keeps the names that other pages link to', () => {
    for (const name of ['index.html', 'embed.js', 'embed.css', 'report.js']) expect(existsSync(join(DIST, name)), name).toBe(true);
  });

  it('is compressed beforehand', () => {
    const files = filesBelow(DIST);
    for (const name of files.filter((file) => /\.(html|js|mjs|css|svg)$/.test(file))) {
      expect(files).toContain(`${name}.br`);
      expect(files).toContain(`${name}.gz`);
    }
  });
});
