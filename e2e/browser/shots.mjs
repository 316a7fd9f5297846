// Pictures of the portal, for the README and for looking at: node shots.mjs URL FOLDER [lon,lat] [name,name…]
import { mapIsDrawn, openBrowser } from './town.mjs';
const [url, folder, at, only] = process.argv.slice(2);
const desktop = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
// name, zoom, window, what the address says beside the place
const shots = [
  ['first', undefined, desktop, 'theme=light'], ['z10', 10, desktop, 'theme=light'], ['z12', 12, desktop, 'theme=light'], ['z13', 13, desktop, 'theme=light'],
  ['z14', 14, desktop, 'theme=light'], ['z15', 15, desktop, 'theme=light'], ['z16', 16, desktop, 'theme=light'], ['z17', 17, desktop, 'theme=light'],
  ['z18', 18, desktop, 'theme=light'], ['z19', 19, desktop, 'theme=light'], ['z17-phone', 17, phone, 'theme=light'], ['z14-phone-dark', 14, phone, 'theme=dark'],
  ['z12-dark', 12, desktop, 'theme=dark'], ['z16-dark', 16, desktop, 'theme=dark'], ['z18-dark', 18, desktop, 'theme=dark'], ['z16-contrast', 16, desktop, 'theme=contrast'],
  ['layers', 16.5, desktop, 'theme=light&panel=layers'], ['list', 16.5, desktop, 'theme=light&panel=list'], ['layers-phone', 16.5, phone, 'theme=light&panel=layers'],
];
const [lon, lat] = (at ?? '').split(',').map(Number);
for (const [name, zoom, size, hash] of shots.filter(([name]) => !only || only.split(',').includes(name))) {
  const { browser, page } = await openBrowser(size);
  const place = zoom !== undefined && Number.isFinite(lat) ? `map=${zoom}/${lat}/${lon}/0&` : '';
  await page.goto(`${url}/portal/#${place}${hash}`);
  await mapIsDrawn(page);
  await page.waitForTimeout(500);
  if (!place && zoom !== undefined) await page.evaluate((z) => window.__opensit.map.jumpTo({ zoom: z }), zoom);
  await mapIsDrawn(page);
  await page.waitForTimeout(700);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await browser.close();
}
