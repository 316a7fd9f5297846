import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(html|js|mjs|css|svg|json|txt)$/;

/** Every file below `folder`, with its path from there. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => statSync(join(folder, path)).isFile());
}

/** Writes `.br` and `.gz` beside each text file of the build, so that the server never compresses it again. */
export function precompress(): Plugin {
  let outDir = 'dist';
  return {
    name: 'opensit-precompress',
    apply: 'build',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const path of filesBelow(outDir).filter((name) => COMPRESSIBLE.test(name))) {
        const bytes = readFileSync(join(outDir, path));
        const params = {
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        };
        writeFileSync(join(outDir, `${path}.br`), brotliCompressSync(bytes, { params }));
        writeFileSync(join(outDir, `${path}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
