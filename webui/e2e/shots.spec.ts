// Takes pictures of every page for people to look at: make shots, or
// SHOTS=folder npx playwright test, with ONLY=groups,keys for some of them, LANGS=en,zh, SCHEMES=light and SIZES=390.
// AUDIT=1 runs axe on each of them too, with all rules in every language and theme.
import { mkdirSync } from 'node:fs';
import { audit, expect, LANGS, prefer, SCHEMES, settled, signIn, test, tooWide, useConsole } from './fixture';
import { SHOTS } from './pages';
import type { Shot } from './pages/shot';

const out = process.env.SHOTS ?? 'shots';
const only = process.env.ONLY?.split(',');
const chosen = <T extends string>(all: readonly T[], some = '') =>
  all.filter((one) => some === '' || some.split(',').includes(one));
const langs = chosen(LANGS, process.env.LANGS);
const schemes = chosen(SCHEMES, process.env.SCHEMES);
const sizes = [
  { name: '1440', width: 1440, height: 900 },
  { name: '390', width: 390, height: 844 },
].filter(({ name }) => chosen([name], process.env.SIZES).length > 0);

for (const isEmpty of [false, true]) {
  test.describe(isEmpty ? 'empty' : 'demo', () => {
    const wanted = SHOTS.filter(
      (shot) => Boolean(shot.empty) === isEmpty && (!only || only.some((o) => shot.name.includes(o))),
    );
    test.skip(wanted.length === 0, 'none of these is wanted');
    const it = useConsole(isEmpty ? 'empty' : 'demo', { seedDays: isEmpty ? 0 : 30, signedOut: true });

    test('pictures', async () => {
      test.setTimeout(3_600_000);
      const { page, server } = it;
      page.setDefaultTimeout(30_000);
      mkdirSync(out, { recursive: true });
      const failed: string[] = [];
      /** Opens it once, and has it follow each language and theme. */
      const take = async (shot: Shot, size: (typeof sizes)[number]) => {
        await page.setViewportSize(size);
        await prefer(page, langs[0] ?? 'en', schemes[0] ?? 'light');
        for (const [method, change] of Object.entries(shot.answers ?? {})) {
          await page.route(`**/trunkline.admin.v1.${method}*`, async (route) =>
            route.fulfill({ status: 200, json: change(await (await route.fetch()).json()) }),
          );
        }
        for (const [method, { status, ...json }] of Object.entries(shot.fails ?? {})) {
          const headers = { 'x-request-id': 'r-77' };
          await page.route(`**/trunkline.admin.v1.${method}*`, (route) => route.fulfill({ status, json, headers }));
        }
        for (const method of shot.never ?? []) await page.route(`**/trunkline.admin.v1.${method}*`, () => {});
        const at = `${shot.name}-${size.name}`;
        try {
          await page.goto(shot.path);
          if (shot.waitFor) await page.locator(shot.waitFor).first().waitFor();
          else await settled(page);
          await shot.before?.(page);
        } catch (error) {
          failed.push(`${at}: ${error}`); // the picture shows why
        }
        for (const lang of langs) {
          for (const scheme of schemes) {
            const name = `${shot.name}-${lang}-${scheme}-${size.name}`;
            await prefer(page, lang, scheme);
            await page.waitForTimeout(400); // what moves has come to rest
            await page.screenshot({ path: `${out}/${name}.png`, fullPage: size.width < 1000 && !shot.before });
            const wide = await tooWide(page);
            if (wide > 0) console.log(`${name}: ${wide} px too wide`);
            if (process.env.AUDIT) failed.push(...(await audit(page, name)));
          }
        }
        await page.unrouteAll({ behavior: 'ignoreErrors' });
      };
      const takeAll = async (shots: Shot[]) => {
        for (const size of sizes) for (const shot of shots) await take(shot, size);
      };
      await page.goto('/login');
      await takeAll(wanted.filter((shot) => shot.signedOut));
      await prefer(page, 'en', 'light');
      await page.setViewportSize({ width: 1440, height: 900 });
      await signIn(page);
      if (!isEmpty) {
        for (const model of ['chat-default', 'reasoning-large', 'fast-cheap']) {
          for (let i = 0; i < 12; i++) await server.chat(model, { stream: i % 2 === 0 });
        }
      }
      await takeAll(wanted.filter((shot) => !shot.signedOut));
      expect(failed).toEqual([]);
    });
  });
}
