import '@testing-library/jest-dom/vitest';
import { notifications } from '@mantine/notifications';
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

// A busy machine takes seconds to load a page's chunk; what never comes still fails.
configure({ asyncUtilTimeout: 15_000 });

// The test's document has no fonts, which text areas that grow wait for.
Object.defineProperty(document, 'fonts', { value: new EventTarget(), configurable: true });

afterEach(() => {
  cleanup();
  notifications.clean(); // its store outlives a test
  localStorage.clear();
});
