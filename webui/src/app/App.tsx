import { TransportProvider } from '@connectrpc/connect-query';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';
import { createQueryClient } from '@/api/client';
import { IdentityGate } from '@/api/identity';
import { createTransport } from '@/api/transport';
import { I18nProvider } from '@/i18n';
import { cssVariables, theme } from '@/theme/theme';
import { ConfirmIdentity } from './ConfirmIdentity';
import { createAppRouter } from './routes';
import { sessionEnded } from './sessionEnded';

const schemeManager = localStorageColorSchemeManager({ key: 'ui.scheme' });

export function App({ nonce }: { nonce: string }) {
  const [{ queryClient, transport, router, gate }] = useState(wire);
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={schemeManager}
      getStyleNonce={() => nonce}
    >
      <I18nProvider>
        <TransportProvider transport={transport}>
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
            <ConfirmIdentity gate={gate} />
          </QueryClientProvider>
        </TransportProvider>
      </I18nProvider>
    </MantineProvider>
  );
}

function wire() {
  const queryClient = createQueryClient();
  const gate = new IdentityGate();
  const transport = createTransport(() => sessionEnded({ router, queryClient, transport }), gate);
  const router = createAppRouter({ queryClient, transport });
  return { queryClient, transport, router, gate };
}
