// Single sign-on in a real browser, with an OpenID provider of a few lines: it asks nobody, and says what the tests decide.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { audit, expect, test } from './fixture';
import { type Server, startServer } from './server';
import { useUpstream } from './upstream';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
let groups = ['developers'];
let asked = new URLSearchParams();
let server: Server;

const provider = useUpstream(({ path, text }) => {
  const { pathname, searchParams } = new URL(path, 'http://provider');
  switch (pathname) {
    case '/.well-known/openid-configuration':
      return {
        json: {
          issuer: provider.url,
          authorization_endpoint: `${provider.url}/authorize`,
          token_endpoint: `${provider.url}/token`,
          jwks_uri: `${provider.url}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        },
      };
    case '/keys':
      return { json: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }] } };
    case '/authorize':
      asked = searchParams;
      return { location: `${asked.get('redirect_uri')}?code=once&state=${asked.get('state')}` };
    default:
      return token(new URLSearchParams(text));
  }
});
/** Where the provider sends browsers: it must be known before the console has its port. */
const back = useUpstream(({ path }) => ({ location: `${server.url}${path}` }));

function token(request: URLSearchParams) {
  const verifier = request.get('code_verifier') ?? '';
  if (createHash('sha256').update(verifier).digest('base64url') !== asked.get('code_challenge'))
    return { status: 400, json: { error: 'invalid_grant' } };
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: provider.url, aud: 'console', sub: 'u-1', iat: now, exp: now + 60, nonce: asked.get('nonce') };
  const who = { email: 'ann@example.org', email_verified: true, groups };
  const unsigned = `${base64({ alg: 'RS256', kid: '1' })}.${base64({ ...claims, ...who })}`;
  const signature = sign('sha256', Buffer.from(unsigned), privateKey).toString('base64url');
  const id = `${unsigned}.${signature}`;
  return { json: { access_token: 'of-no-use', token_type: 'Bearer', expires_in: 60, id_token: id } };
}

test.beforeAll(async () => {
  test.setTimeout(180_000);
  server = await startServer('empty', {
    env: {
      TRUNKLINE_OIDC_ISSUER: provider.url,
      TRUNKLINE_OIDC_CLIENT_ID: 'console',
      TRUNKLINE_OIDC_CLIENT_SECRET: 'secret-of-the-console',
      TRUNKLINE_OIDC_REDIRECT_URL: `${back.url}/login`,
      TRUNKLINE_OIDC_ROLES: 'developers=viewer',
      TRUNKLINE_OIDC_ALLOW_PRIVATE_NETWORK: 'true',
    },
  });
});
test.afterAll(() => server?.remove());

test('one signs in, gets where one wanted to go, and whom no role is for is told so', async ({ browser }) => {
  const context = await browser.newContext({ baseURL: server.url, locale: 'en-US', reducedMotion: 'reduce' });
  try {
    const page = await context.newPage();
    const signIn = page.getByRole('button', { name: 'Sign in with single sign-on' });
    await page.goto('/groups?q=chat');
    await signIn.click();
    await expect(page).toHaveURL(`${server.url}/groups?q=chat`);
    await expect(page.getByText(/You are signed in as a viewer/)).toBeVisible();
    await page.getByRole('button', { name: 'Account: ann@example.org' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();

    groups = ['nobody-knows-these'];
    await signIn.click();
    await expect(page.getByRole('alert')).toContainText('none of your groups');
    expect(await audit(page, 'a refusal')).toEqual([]);
    await expect(signIn).toBeEnabled();
  } finally {
    await context.close();
  }
});
