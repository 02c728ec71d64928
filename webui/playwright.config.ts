import { defineConfig } from '@playwright/test';

/**
 * Specs start a real Trunkline by themselves (e2e/server.ts), with the console that `npm run build` left in
 * dist. SHOTS names a folder: then pictures are taken instead of tests.
 */
const shots = process.env.SHOTS !== undefined;

export default defineConfig({
  testDir: 'e2e',
  testMatch: shots ? 'shots.spec.ts' : '*.spec.ts',
  testIgnore: shots ? [] : ['shots.spec.ts'],
  workers: 1,
  reporter: 'list',
  timeout: 90_000,
  expect: { timeout: 15_000 }, // CI machines are small and shared; what never comes still fails
  forbidOnly: !!process.env.CI,
  use: {
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
});
