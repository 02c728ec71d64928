import '@testing-library/jest-dom/vitest';
import { notifications } from '@mantine/notifications';
import { cleanup, configure } from '@testing-library/react';
import { afterEach, beforeEach } from 'vitest';

// A busy machine takes seconds to load a page's chunk; what never comes still fails.
configure({ asyncUtilTimeout: 15_000 });

// The test's document has no fonts, which text areas that grow wait for.
Object.defineProperty(document, 'fonts', { value: new EventTarget(), configurable: true });

declare global {
  interface Window {
    happyDOM: { setURL(url: string): void };
  }
}

// The document is shared by all files of a worker.
beforeEach(() => {
  window.happyDOM.setURL('http://localhost:3000/');
});
afterEach(() => {
  cleanup();
  notifications.clean(); // its store outlives a test
  localStorage.clear();
});
