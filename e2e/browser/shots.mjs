// Pictures of the portal, for the README and for looking at: node shots.mjs URL FOLDER
import { mapIsDrawn, openBrowser } from './town.mjs';
const [url, folder] = process.argv.slice(2);
const shots = [
  ['z12', 12, { width: 1440, height: 900 }, 'light'], ['z14', 14, { width: 1440, height: 900 }, 'light'],
  ['z16', 16, { width: 1440, height: 900 }, 'light'], ['z18', 18, { width: 1440, height: 900 }, 'light'],
  ['z17-phone', 17, { width: 390, height: 844 }, 'light'], ['z16-dark', 16, { width: 1440, height: 900 }, 'dark'],
];
for (const [name, zoom, size, theme] of shots) {
  const { browser, page } = await openBrowser(size);
  await page.goto(`${url}/portal/#theme=${theme}`);
  await mapIsDrawn(page);
  await page.evaluate(([z, at]) => window.__opensit.map.jumpTo({ zoom: z, ...(at ? { center: at } : {}) }), [zoom, process.argv[4]?.split(',').map(Number)]);
  await page.waitForTimeout(500);
  await mapIsDrawn(page);
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await browser.close();
}
