import { type ConnectRouter, createRouterTransport } from '@connectrpc/connect';
import { TransportProvider } from '@connectrpc/connect-query';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
} from '@tanstack/react-router';
import { render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { createQueryClient } from '@/api/queries';
import { I18nProvider, type Lang } from '@/i18n';
import { ShortcutsProvider } from '@/ui/shortcuts';
import { keepRefusals } from './refusal';

/** One part of the kit with everything around it that it may need; other pages of it are empty. */
export async function renderUi(
  ui: () => ReactNode,
  { lang = 'en', services = () => undefined }: { lang?: Lang; services?: (router: ConnectRouter) => void } = {},
) {
  const root = createRootRoute({ component: Outlet });
  const page = createRoute({
    getParentRoute: () => root,
    path: '/',
    component: () => <div data-testid="ui">{ui()}</div>,
  });
  const other = createRoute({ getParentRoute: () => root, path: '$', component: () => <p>elsewhere</p> });
  const router = createRouter({
    routeTree: root.addChildren([page, other]),
    history: createMemoryHistory({ initialEntries: ['/'] }),
  });
  const queryClient = createQueryClient();
  render(
    <MantineProvider env="test">
      <I18nProvider initial={lang}>
        <TransportProvider transport={createRouterTransport(services, { transport: { interceptors: [keepRefusals] } })}>
          <QueryClientProvider client={queryClient}>
            <ShortcutsProvider>
              {/* The types of the console's own router do not fit this small one. */}
              <RouterProvider router={router as never} />
              <Notifications />
            </ShortcutsProvider>
          </QueryClientProvider>
        </TransportProvider>
      </I18nProvider>
    </MantineProvider>,
  );
  await screen.findByTestId('ui');
  return { router, queryClient };
}
