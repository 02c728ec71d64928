import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { I18nProvider } from '@/i18n';
import { renderApp } from '@/test/renderApp';
import { renderUi } from '@/test/renderUi';

test.each([
  ["the browser's first", ['ko-KR', 'ja'], '', 'ko-KR'],
  ['the one that was chosen', ['ko-KR'], 'ja', 'ja-JP'],
])('the language is %s', async (_, languages, chosen, lang) => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
  if (chosen) localStorage.setItem('ui.lang', chosen);
  await renderUi(() => (
    <I18nProvider>
      <p>there</p>
    </I18nProvider>
  ));
  expect(await screen.findByText('there')).toBeVisible();
  await waitFor(() => expect(document.documentElement.lang).toBe(lang));
});

test('a language that is chosen in another tab is followed, and one that does not exist is not', async () => {
  await renderUi(() => (
    <I18nProvider initial="en">
      <p>there</p>
    </I18nProvider>
  ));
  const choose = (newValue: string | null, key = 'ui.lang') =>
    fireEvent(window, new StorageEvent('storage', { key, newValue, storageArea: localStorage }));
  choose('ko');
  await waitFor(() => expect(document.documentElement.lang).toBe('ko-KR'));
  choose('ja', 'ui.scheme');
  choose(null);
  choose('tlh');
  await waitFor(() => expect(document.documentElement.lang).toBe('en-US'));
});

test("a period of one's own goes into the address, and one that ends before it begins does not", async () => {
  const { router } = renderApp('/calls');
  await userEvent.click(await screen.findByRole('button', { name: 'Custom period' }));
  fireEvent.change(await screen.findByLabelText('From'), { target: { value: '2026-11-20T10:00' } });
  fireEvent.change(screen.getByLabelText('To'), { target: { value: '2026-11-20T09:00' } });
  expect(screen.getByRole('button', { name: 'Apply' })).toBeDisabled();
  fireEvent.change(screen.getByLabelText('To'), { target: { value: '2026-11-20T12:30' } });
  await userEvent.click(screen.getByRole('button', { name: 'Apply' }));
  const at = (hour: number, minute: number) => Date.UTC(2026, 10, 20, hour, minute);
  await waitFor(() => expect(router.state.location.search).toEqual({ from: at(10, 0), to: at(12, 30) }));
});
