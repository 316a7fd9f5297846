// Says what MapLibre's own check finds in a style, and ends with 1 if it finds something.
//   node validate_style.mjs LIBRARY FILE
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [library, file] = process.argv.slice(2);
const { validateStyleMin } = await import(pathToFileURL(library));
const faults = validateStyleMin(JSON.parse(readFileSync(file, 'utf8')));
for (const fault of faults) console.log(fault.message);
process.exitCode = faults.length > 0 ? 1 : 0;
