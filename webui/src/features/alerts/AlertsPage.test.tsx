import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { AlertChannelSchema, AlertDeliveryState } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { AlertState } from '@/gen/trunkline/admin/v1/alert_pb';
import { renderApp } from '@/test/renderApp';
import { draftOf, emptyDraft, messageOf, newSigningSecret } from './draft';

const time = timestampFromMs(Date.now() - 60_000);

test('what fires and what ended are told apart; without any the page says so', async () => {
  const listAlerts = vi.fn((req: { withResolved: boolean }) => ({
    firingCount: 1,
    alerts: [
      { id: '1', event: 'cooldown', state: AlertState.FIRING, summary: 'p is cooling down', startTime: time },
      ...(req.withResolved
        ? [
            {
              id: '2',
              event: 'from-the-future',
              state: AlertState.RESOLVED,
              summary: 'q',
              startTime: time,
              endTime: time,
            },
          ]
        : []),
    ],
  }));
  renderApp('/alerts', { alerts: { listAlerts } });
  const firing = await screen.findByRole('row', { name: /p is cooling down/ });
  expect(firing).toHaveTextContent('Cooldown');
  expect(firing).toHaveTextContent('Firing');
  await userEvent.click(screen.getByLabelText('Include those resolved within 24 hours'));
  const over = await screen.findByRole('row', { name: /from-the-future/ });
  expect(over).toHaveTextContent('Resolved');
});

test('nothing fires', async () => {
  renderApp('/alerts');
  expect(await screen.findByText('No alerts')).toBeInTheDocument();
});

test('a channel is made with what the form says', async () => {
  const createAlertChannel = vi.fn((_req: object) => ({}));
  const testAlertChannel = vi.fn((_req: object) => ({ delivered: false, error: 'it answered 500' }));
  renderApp('/alerts?tab=channels&new=true', { channels: { createAlertChannel, testAlertChannel } });
  const panel = within(await screen.findByRole('dialog'));
  await userEvent.type(panel.getByLabelText('Name'), 'mail');
  await userEvent.click(panel.getByRole('button', { name: 'E-mail' }));
  await userEvent.type(panel.getByLabelText('SMTP server'), 'smtp.example.com');
  await userEvent.type(panel.getByLabelText('Sender'), 'a@example.com');
  await userEvent.type(panel.getByLabelText('Recipients', { selector: 'input' }), 'b@example.com,');
  await userEvent.click(panel.getByLabelText('Budget'));
  await userEvent.click(panel.getByRole('button', { name: 'Send a test' }));
  expect(await panel.findByText('it answered 500')).toBeInTheDocument();
  await userEvent.click(panel.getByRole('button', { name: 'Create channel' }));
  await waitFor(() => expect(createAlertChannel).toHaveBeenCalled());
  const want = {
    alertChannel: {
      name: 'mail',
      events: ['budget'],
      email: { host: 'smtp.example.com', from: 'a@example.com', to: ['b@example.com'], security: 'starttls', port: 0 },
    },
  };
  expect(createAlertChannel.mock.calls[0]?.[0]).toMatchObject(want);
  expect(testAlertChannel.mock.calls[0]?.[0]).toMatchObject(want);
}, 30_000);

test('what was sent says how it stands and why it failed', async () => {
  renderApp('/alerts?tab=deliveries', {
    channels: {
      listAlertChannelDeliveries: () => ({
        deliveries: [
          { id: '1', channel: 'ops', state: AlertDeliveryState.SENT, attempts: 1, test: true, createTime: time },
          {
            id: '2',
            channel: 'mail',
            state: AlertDeliveryState.FAILED,
            attempts: 10,
            error: 'it answered 500',
            createTime: time,
            alerts: [{ summary: 'p is cooling down' }, {}],
            omitted: 3,
          },
        ],
      }),
    },
  });
  expect(await screen.findByRole('row', { name: /ops/ })).toHaveTextContent('Test');
  const failed = screen.getByRole('row', { name: /mail/ });
  expect(failed).toHaveTextContent('Given up');
  expect(failed).toHaveTextContent('it answered 500');
  expect(failed).toHaveTextContent('5 alerts');
});

test('a draft keeps what is stored, and never a secret', () => {
  const stored = create(AlertChannelSchema, {
    name: 'a',
    events: ['drift'],
    slack: { secretHint: 'wxyz', secretSetTime: time },
    sendResolved: false,
  });
  const draft = draftOf(stored);
  expect(messageOf(draft)).toMatchObject({
    name: 'a',
    events: ['drift'],
    sendResolved: false,
    slack: { webhookUrl: '' },
  });
  expect(messageOf(draft).webhook).toBeUndefined();
  expect(messageOf({ ...emptyDraft, digest: 90_000 }).digest).toMatchObject({ seconds: 90n });
  expect(atob(newSigningSecret().replace('whsec_', ''))).toHaveLength(32);
});
