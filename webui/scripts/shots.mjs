// Takes pictures of the console for people to look at: node scripts/shots.mjs [name...]
// BASE must name a running e2e/fakeadmin; the pictures go to shots/ (not committed).
import { mkdirSync } from 'node:fs';
import { chromium } from '@playwright/test';

const base = process.env.BASE ?? 'http://127.0.0.1:4180';
const out = new URL('../shots', import.meta.url).pathname;
mkdirSync(out, { recursive: true });

const wide = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
const call = '/calls?call=req_0199e5c100037d1e7a529d0b6f2d';

/** name: [path, language, theme, viewport, scenario] */
const shots = {
  'overview-en': ['/', 'en', 'light', wide],
  'overview-zh-dark': ['/', 'zh', 'dark', wide],
  'groups-en': ['/groups', 'en', 'light', wide],
  'groups-zh-dark': ['/groups', 'zh', 'dark', wide],
  'groups-ja': ['/groups?group=fast-cheap', 'ja', 'light', wide],
  'providers-en': ['/providers', 'en', 'light', wide],
  'providers-ko-dark': ['/providers?provider=openai-main', 'ko', 'dark', wide],
  'keys-en': ['/keys', 'en', 'light', wide],
  'keys-ja-dark': ['/keys', 'ja', 'dark', wide],
  'calls-en': ['/calls', 'en', 'light', wide],
  'calls-ko': ['/calls', 'ko', 'light', wide],
  'call-en': [call, 'en', 'light', wide],
  'call-zh-dark': [call, 'zh', 'dark', wide],
  'login-en': ['/login', 'en', 'light', wide],
  'login-ja-dark': ['/login', 'ja', 'dark', wide],
  'empty-overview-en': ['/', 'en', 'light', wide, 'empty'],
  'empty-groups-zh': ['/groups', 'zh', 'light', wide, 'empty'],
  'empty-providers-en-dark': ['/providers', 'en', 'dark', wide, 'empty'],
  'empty-calls-ko': ['/calls', 'ko', 'light', wide, 'empty'],
  'error-groups-en': ['/groups', 'en', 'light', wide, 'fail'],
  'loading-groups-en': ['/groups', 'en', 'light', wide, 'slow'],
  'down-en': ['/groups', 'en', 'light', wide, 'down'],
  'lagging-en': ['/', 'en', 'light', wide, 'lagging'],
  'password-en': ['/groups', 'en', 'light', wide, 'default-password'],
  'many-groups-en': ['/groups', 'en', 'light', wide, 'many'],
  'overview-390': ['/', 'en', 'light', phone],
  'groups-390': ['/groups', 'ja', 'light', phone],
  'group-390': ['/groups?group=chat-default', 'en', 'dark', phone],
  'provider-390': ['/providers?provider=azure-eastus2', 'zh', 'light', phone],
  'keys-390': ['/keys', 'ko', 'light', phone],
  'calls-390': ['/calls', 'en', 'light', phone],
  'call-390': [call, 'en', 'dark', phone],
  'login-390': ['/login', 'zh', 'light', phone],
  'empty-390': ['/', 'en', 'light', phone, 'empty'],
  'missing-en': ['/nothing-here', 'en', 'light', wide],
};

const wanted = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
});
const context = await browser.newContext();
const page = await context.newPage();
page.on('pageerror', (error) => console.error('page error:', error.message));
page.on(
  'console',
  (message) =>
    message.type() === 'error' && !/Failed to load resource/.test(message.text()) && console.error(message.text()),
);

for (const [name, [path, lang, scheme, viewport, scenario = 'full']] of Object.entries(shots)) {
  if (wanted.length > 0 && !wanted.some((w) => name.includes(w))) continue;
  await context.clearCookies();
  const cookies = [{ name: 'scenario', value: scenario, url: base }];
  if (!name.startsWith('login')) cookies.push({ name: 'session', value: 'in', url: base });
  await context.addCookies(cookies);
  await page.setViewportSize(viewport);
  await page.goto(`${base}/boot.js`);
  await page.evaluate(
    ([l, s]) => {
      localStorage.setItem('ui.lang', l);
      localStorage.setItem('ui.scheme', s);
    },
    [lang, scheme],
  );
  await page.goto(base + path);
  await page.waitForSelector('h1');
  await page.waitForTimeout(scenario === 'fail' ? 2500 : 700);
  const full = viewport === phone && !name.startsWith('call-');
  await page.screenshot({ path: `${out}/${name}.png`, fullPage: full });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wider > 0) console.log(`${name}: ${wider} px too wide`);
}
await browser.close();
