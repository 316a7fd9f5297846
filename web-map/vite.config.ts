import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { precompress } from './build/precompress.ts';

/**
 * Three entries: the portal (index.html), the embedded map (embed.js, embed.css) and the form of a report (report.js), which keep their
 * names because pages outside the portal link to them. Everything else carries a hash and may be cached for ever.
 * The base is relative, so the same files work under any prefix that a proxy adds before /portal/.
 */
export default defineConfig({
  base: './',
  // the uploads' library has a parser of addresses for browsers without one: 10 kB, and the one package here that is no ES module
  resolve: { alias: { 'url-parse': new URL('./src/deliveries/url.ts', import.meta.url).pathname } },
  plugins: [svelte(), precompress()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1300,
    rolldownOptions: {
      input: { portal: 'index.html', embed: 'src/embed/embed.ts', report: 'src/report/report.ts' },
      output: {
        entryFileNames: (chunk) => (['embed', 'report'].includes(chunk.name) ? `${chunk.name}.js` : 'assets/[name]-[hash].js'),
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: (asset) => (asset.names.includes('embed.css') ? 'embed.css' : 'assets/[name]-[hash][extname]'),
        codeSplitting: {
          groups: [
            { name: 'maplibre', test: /node_modules[\\/]maplibre-gl[\\/].*\.m?js$|src[\\/]map[\\/](view|worker)\.ts$/ },
            // what several entries share is one request, not one for each file
            { name: 'shared', test: /src[\\/]map[\\/]overlay\.ts$|preload-helper/ },
            { name: 'kit', test: /src[\\/](?!report|embed|map|.*deliver).*\.ts$|node_modules[\\/](svelte|esm-env)/, minShareCount: 2 },
          ],
        },
      },
    },
  },
  server: { proxy: { '^/(?!portal/|src/|node_modules/|@)': 'http://127.0.0.1:8080' } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
