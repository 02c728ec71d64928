import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { UsageBucket, UsageDimension } from '@/gen/trunkline/admin/v1/usage_pb';
import { type Backend, renderApp } from '@/test/renderApp';

const HOUR = 3_600_000;
const hour = Math.floor(Date.now() / HOUR) * HOUR;
const totals = { calls: 200n, okCalls: 190n, savedCalls: 30n, cost: '12.5', inputTokens: 800n, outputTokens: 200n };
const seconds = (s: number) => ({ seconds: BigInt(s), nanos: 0 });
const times = { p50: seconds(1), p95: seconds(4), p99: seconds(9) };

/** A gateway with traffic, and every question it was asked. */
function busy() {
  const asked: Record<string, unknown>[] = [];
  const backend: Backend = {
    calls: { listCalls: () => ({ calls: [{ id: 'r' }] }) },
    providers: {
      listProviderHealth: () => ({
        providers: [
          { provider: 'azure', state: TargetState.HEALTHY, usableModels: 2, modelCount: 2 },
          { provider: 'openai', state: TargetState.COOLING, reason: 'rate_limited', remaining: seconds(90) },
        ],
      }),
    },
    nodes: { listNodes: () => ({ revision: 4n, nodes: [{ name: 'n1', connected: true, appliedRevision: 4n }] }) },
    usage: {
      summarizeUsage: (request) => {
        asked.push({ ...request.filter });
        return {
          total: { ...totals, cachedInputTokens: 200n, duration: times },
          previous: { ...totals, calls: 100n, okCalls: 95n },
        };
      },
      getUsageSeries: (request) => ({
        bucketTimes: [timestampFromMs(hour)],
        series:
          request.by === UsageDimension.MODEL
            ? [{ value: 'gpt', total: totals, points: [{ startTime: timestampFromMs(hour), total: totals }] }]
            : [
                {
                  total: totals,
                  points: [{ startTime: timestampFromMs(hour), total: { ...totals, duration: times } }],
                },
              ],
      }),
      breakDownUsage: () => ({ rows: [{ value: 'gpt', total: totals }], otherCount: 3, other: { calls: 50n } }),
      breakDownAttempts: (request) =>
        request.by === UsageDimension.OUTCOME
          ? {
              rows: [
                { value: 'ok', total: { attempts: 190n } },
                { value: 'rate_limited', total: { attempts: 30n }, parts: [{ value: 'azure' }] },
                { value: 'bad_request', total: { attempts: 3n } },
              ],
            }
          : {
              rows: [
                {
                  value: 'azure',
                  total: { attempts: 100n, countedFailures: 5n },
                  parts: [{ value: 'gpt', total: { averageDuration: seconds(2), duration: times } }],
                },
              ],
            },
      getAttemptSeries: (request) => {
        asked.push({ bucket: request.bucket, zone: request.timeZone, by: request.by });
        return {
          bucketTimes: [timestampFromMs(hour)],
          series: [{ value: 'azure', total: { attempts: 100n, averageDuration: seconds(3), duration: times } }],
        };
      },
    },
  };
  return { backend, asked };
}

const region = async (title: string) =>
  (await screen.findByRole('heading', { level: 2, name: title })).closest('section') as HTMLElement;

describe('an empty installation', () => {
  const provider: Backend = { providers: { listProviders: () => ({ providers: [{ name: 'p' }] }) } };
  const models: Backend = {
    providers: { listProviders: () => ({ providers: [{ name: 'p', models: [{ id: 'm' }] }] }) },
  };
  const group: Backend = { groups: { listGroups: () => ({ groups: [{ name: 'mine' }] }) } };
  const key: Backend = { keys: { listApiKeys: () => ({ apiKeys: [{ name: 'k' }] }) } };

  test.each([
    ['Add a provider', '/providers?new=choose', {}],
    ['Import its models', '/providers?provider=p&import=true', provider],
    ['Create a group', '/groups?new=true', models],
    ['Create an API key', '/keys?new=true', { ...models, ...group }],
    ['Send the first call', '/playground?group=mine', { ...models, ...group, ...key }],
  ])('the next step is: %s', async (title, href, backend: Backend) => {
    renderApp('/', backend);
    const step = (await screen.findByRole('heading', { name: title })).closest('li') as HTMLElement;
    await waitFor(() => expect(step).toHaveAttribute('aria-current', 'step'));
    expect(within(step).getByRole('link')).toHaveAttribute('href', href);
  });

  test('the first call ends it, even when only its sum is kept', async () => {
    renderApp('/', { ...busy().backend, calls: { listCalls: () => ({}) } });
    expect(await screen.findByRole('heading', { name: 'Model distribution' })).toBeVisible();
    expect(screen.queryByText('Get to your first call')).toBeNull();
  });
});

describe('with traffic', () => {
  test('every figure leads to its calls', async () => {
    renderApp('/?range=7d&group=chat', busy().backend);
    const success = await screen.findByRole('link', { name: /Success rate/ });
    expect(success).toHaveTextContent('95%');
    const address = new URL(success.getAttribute('href') ?? '', 'http://x');
    expect(address.pathname).toBe('/calls');
    const search = Object.fromEntries(address.searchParams);
    expect(search).toMatchObject({ group: 'chat', failed: 'true' });
    expect(Number(search.to) - Number(search.from)).toBe(7 * 24 * HOUR);
    expect(screen.getByRole('link', { name: /p95/ }).getAttribute('href')).toContain('minMs=4000');
    expect(screen.getByRole('link', { name: /Saved by failover/ }).getAttribute('href')).toContain('failedOver=true');
    expect(screen.getByRole('link', { name: /Requests/ })).toHaveTextContent(/200.*\+100%.*last 7 days/);
    expect(screen.getByRole('link', { name: /Tokens/ })).toHaveTextContent('25% cached');
  });

  test('every card names its period and leads to calls of it; every figure has its course', async () => {
    renderApp('/?range=7d', busy().backend);
    const leads = async (title: string, of: (card: HTMLElement) => Promise<void> = async () => undefined) => {
      const card = await region(title);
      await of(card);
      const [link] = await within(card).findAllByRole('link');
      expect(link?.getAttribute('href'), title).toMatch(/^\/calls\?from=\d+&to=\d+/);
      expect(card, title).toHaveTextContent(/last 7 days|\d+ – /);
    };
    for (const title of ['Traffic by outcome', 'Daily traffic', 'Daily cost', 'Response time']) {
      await leads(title, async (card) => {
        fireEvent.click(await within(card).findByRole('button', { name: /^Show as table/ }));
      });
    }
    for (const title of ['Model distribution', 'Why requests failed over', 'Success rate by provider'])
      await leads(title);
    await leads('Average response time');
    for (const name of [/^Requests/, /^Success/, /^p95/, /^Cost/, /^Tokens/, /^Saved/]) {
      const figure = screen.getByRole('link', { name });
      expect(figure, String(name)).toHaveTextContent(/last 7 days/);
      expect(figure.closest('li')?.querySelector('svg'), String(name)).not.toBeNull();
    }
  });

  test('models, reasons, providers and their health are named, and lead on', async () => {
    renderApp('/', busy().backend);
    const models = await region('Model distribution');
    expect((await within(models).findByRole('link', { name: 'gpt' })).getAttribute('href')).toContain('model=gpt');
    expect(within(models).getByText('80%')).toBeVisible();
    const reasons = await region('Why requests failed over');
    expect(await within(reasons).findByText('Rate limited')).toBeVisible();
    expect(within(reasons).queryByText('Bad request')).toBeNull();
    expect(within(reasons).getByRole('link', { name: 'azure' }).getAttribute('href')).toMatch(
      /attemptOutcome=rate_limited.*provider=azure/,
    );
    const success = await region('Success rate by provider');
    expect(await within(success).findByText('95%')).toBeVisible();
    const health = await region('Provider health');
    const rows = await within(health).findAllByRole('listitem');
    expect(rows.map((row) => within(row).getByRole('link').textContent)).toEqual(['openai', 'azure']);
    expect(within(rows[0] as HTMLElement).getByText('Rate limited')).toBeVisible();
    const nodes = screen.getByRole('region', { name: 'Nodes' });
    expect(nodes).toHaveTextContent('1 of 1 up to date');
  });

  test('times are compared by provider or by model, to the end or to the first token', async () => {
    const { backend, asked } = busy();
    const { router } = renderApp('/', backend);
    const card = await region('Average response time');
    const table = await within(card).findByRole('table');
    expect(within(table).getByRole('row', { name: /azure/ })).toHaveTextContent('azure3 s1 s4 s9 s');
    expect(within(table).getByRole('row', { name: /gpt/ })).toHaveTextContent('gpt2 s1 s4 s9 s');
    await userEvent.click(within(card).getByRole('button', { name: 'Model' }));
    await waitFor(() => expect(router.state.location.search).toEqual({ by: 'model' }));
    await waitFor(() =>
      expect(asked).toContainEqual({ bucket: UsageBucket.HOUR, zone: 'UTC', by: UsageDimension.MODEL }),
    );
    await userEvent.click(within(card).getByRole('button', { name: 'First token' }));
    expect(await screen.findByRole('heading', { name: 'Median time to first token' })).toBeVisible();
    expect(screen.getByRole('heading', { name: 'Time to first token' })).toBeVisible();
  });

  test('a key narrows the calls, and what is not known of keys says so', async () => {
    const { backend, asked } = busy();
    renderApp('/?key=bot', backend);
    await screen.findByRole('link', { name: /Success rate/ });
    expect(asked).toContainEqual(expect.objectContaining({ apiKey: 'bot' }));
    expect(await region('Success rate by provider')).toHaveTextContent('all API keys');
    expect(await region('Model distribution')).not.toHaveTextContent('all API keys');
  });

  test('one card that fails leaves the others alone', async () => {
    const { backend } = busy();
    renderApp('/', {
      ...backend,
      usage: {
        ...backend.usage,
        breakDownUsage: () => {
          throw new ConnectError('broken', Code.Internal);
        },
      },
    });
    const models = await region('Model distribution');
    expect(await within(models).findByRole('alert')).toHaveTextContent('Something went wrong in the control plane');
    expect(screen.getByRole('link', { name: /Success rate/ })).toBeVisible();
  });

  test('a time without calls has no figures, and no NaN', async () => {
    renderApp('/', { calls: { listCalls: () => ({ calls: [{ id: 'r' }] }) } });
    const success = await screen.findByRole('link', { name: /Success rate/ });
    expect(success).toHaveTextContent('–');
    expect(await screen.findAllByText('No calls in this period')).toHaveLength(8);
    expect(document.body.textContent).not.toMatch(/NaN|Infinity|undefined/);
  });
});
