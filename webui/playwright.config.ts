import { defineConfig } from '@playwright/test';

/**
 * BASE names a running Trunkline whose console is to be tested. Without it the tests run on
 * e2e/fakeadmin, which serves the console that `npm run build` left in dist.
 */
const base = process.env.BASE;

export default defineConfig({
  testDir: 'e2e',
  workers: 1,
  reporter: 'list',
  timeout: 60_000,
  forbidOnly: !!process.env.CI,
  use: {
    baseURL: base ?? 'http://127.0.0.1:4180',
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
        command: 'go run ./e2e/fakeadmin -listen 127.0.0.1:4180',
        url: 'http://127.0.0.1:4180/',
        reuseExistingServer: false,
        timeout: 180_000,
        gracefulShutdown: { signal: 'SIGTERM', timeout: 5_000 },
      },
});
