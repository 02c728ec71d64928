import { defineConfig } from '@playwright/test';

/**
 * BASE names a running Trunkline whose console is to be tested. Without it the states that a
 * real one cannot be asked for are tested on e2e/fakeadmin, which serves the console that
 * `npm run build` left in dist. Its port is drawn once and reaches the workers through the environment.
 */
const base = process.env.BASE;
process.env.CONSOLE_PORT ??= String(20_000 + Math.floor(Math.random() * 10_000));
const address = `127.0.0.1:${process.env.CONSOLE_PORT}`;

export default defineConfig({
  testDir: 'e2e',
  testMatch: base ? 'console.spec.ts' : 'states.spec.ts',
  workers: 1,
  reporter: 'list',
  timeout: 60_000,
  forbidOnly: !!process.env.CI,
  use: {
    baseURL: base ?? `http://${address}`,
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    contextOptions: { reducedMotion: 'reduce' }, // colours in the middle of a transition have no contrast to judge
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  webServer: base
    ? undefined
    : {
        command: `go run ./e2e/fakeadmin -listen ${address}`,
        url: `http://${address}/`,
        reuseExistingServer: false,
        timeout: 180_000,
        gracefulShutdown: { signal: 'SIGTERM', timeout: 5_000 },
      },
});
