import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { describe, expect, test, vi } from 'vitest';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { problemOf, retryAfterSeconds } from './errors';
import { allPages } from './queries';
import { watchSession } from './transport';

describe('paging', () => {
  test('reads to the end, in order', async () => {
    const pages: Record<string, { items: number[]; next: string }> = {
      '': { items: [1, 2], next: 'b' },
      b: { items: [3], next: 'c' },
      c: { items: [], next: '' },
    };
    expect(await allPages(async (token) => pages[token] ?? { items: [], next: '' })).toEqual([1, 2, 3]);
  });
  test('stops when a token leads back', async () => {
    const read = vi.fn(async () => ({ items: ['x'], next: 'again' }));
    expect(await allPages(read)).toEqual(['x', 'x']);
    expect(read).toHaveBeenCalledTimes(2);
  });
  test('fails when any page does', async () => {
    await expect(
      allPages(async (token) => (token ? Promise.reject(new Error('no')) : { items: [1], next: 'b' })),
    ).rejects.toThrow('no');
  });
});

describe('errors', () => {
  test('a dead server is unreachable and has nothing to add', () => {
    const dead = new ConnectError(
      'Failed to fetch',
      Code.Unknown,
      undefined,
      undefined,
      new TypeError('Failed to fetch'),
    );
    expect(problemOf(dead)).toMatchObject({ message: 'error.unreachable', detail: '' });
    expect(problemOf(new ConnectError('HTTP 503', Code.Unavailable)).message).toBe('error.unreachable');
  });
  test('what a control plane that answers finds unavailable is said in its words', () => {
    const e = new ConnectError('provider "main": connection refused', Code.Unavailable);
    expect(problemOf(e)).toMatchObject({ message: 'error.unavailable', detail: 'provider "main": connection refused' });
  });
  test('the code, the words and the request id are passed on', () => {
    const e = new ConnectError('viewer may not', Code.PermissionDenied, { 'x-request-id': 'r-1' });
    expect(problemOf(e)).toEqual({
      message: 'error.denied',
      code: 'permission_denied',
      detail: 'viewer may not',
      requestId: 'r-1',
    });
  });
  test('anything else thrown is shown too', () => expect(problemOf(new Error('odd')).detail).toBe('odd'));
  test.each([
    ['42', 42],
    ['0.2', 1],
    ['999999', 3600],
    ['-3', 0],
    ['soon', 0],
    [undefined, 0],
  ])('retry-after %s is %i s', (value, seconds) => {
    const headers = value === undefined ? undefined : { 'retry-after': value };
    expect(retryAfterSeconds(new ConnectError('slow down', Code.ResourceExhausted, headers))).toBe(seconds);
  });
});

describe('the session', () => {
  const refuse = () => {
    throw new ConnectError('sign in', Code.Unauthenticated);
  };
  test('that has ended is told; a wrong password is not an ended session', async () => {
    const ended = vi.fn();
    const transport = createRouterTransport((r) => r.service(SessionService, { whoAmI: refuse, login: refuse }), {
      transport: { interceptors: [watchSession(ended)] },
    });
    const client = createClient(SessionService, transport);
    await expect(client.login({ username: 'a', password: 'b' })).rejects.toThrow('sign in');
    expect(ended).not.toHaveBeenCalled();
    await expect(client.whoAmI({})).rejects.toThrow('sign in');
    expect(ended).toHaveBeenCalledOnce();
  });
});
