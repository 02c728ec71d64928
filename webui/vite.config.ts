import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const dist = fileURLToPath(new URL('./dist', import.meta.url));

/** Empties dist but for the placeholder, which is committed: Vite's own emptying would delete it. */
function emptyDist(): Plugin {
  return {
    name: 'empty-dist',
    apply: 'build',
    buildStart() {
      for (const name of readdirSync(dist)) {
        if (name !== 'placeholder.html') rmSync(join(dist, name), { recursive: true });
      }
    },
  };
}

const api = process.env.TRUNKLINE_URL ?? 'http://127.0.0.1:8001';

export default defineConfig(({ command }) => ({
  // Relative, so that a proxy may show the console under any path; the Go handler makes the page's own
  // addresses fit the view that is asked for.
  base: command === 'build' ? './' : '/',
  plugins: [react(), emptyDist()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  // `npm run dev` talks to a control plane that runs already.
  server: { host: '127.0.0.1', proxy: { '^/trunkline\\.': { target: api, changeOrigin: true } } },
  build: {
    target: 'es2022',
    emptyOutDir: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // The drawing library is one chunk, loaded with the first chart; it has a budget of its own.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // A group takes along what it imports; what everything imports must have a chunk before it.
            {
              name: 'base',
              priority: 2,
              test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store|clsx)\/|rolldown\/runtime/,
            },
            {
              name: 'charts',
              priority: 1,
              test: /node_modules\/(recharts|d3-|victory-vendor|@reduxjs|immer|react-redux)/,
            },
          ],
        },
      },
    },
  },
  test: {
    environment: 'happy-dom',
    isolate: false, // to read and start everything again for each file took two fifths of the time
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test/setup.ts'],
    restoreMocks: true,
    testTimeout: 20_000, // CI machines are small and shared
    env: { TZ: 'UTC' },
    css: { modules: { classNameStrategy: 'non-scoped' } },
  },
}));
