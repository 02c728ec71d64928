// Texts people copy out of the console: the same in every language.

/** One way to make a call. */
export type Snippet = {
  id: string;
  label: string;
  code: string;
  /** The file it belongs into; without one it is for a shell. */
  file?: string;
};

/** What a snippet is for; without a key it reads one from the environment. */
export type Target = { gateway: string; group: string; key?: string };

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const json = (value: string) => JSON.stringify(value);

/** A first call to a group, for a shell. */
export function curlSnippet(gateway: string, group: string, key?: string): string {
  const body = [
    '{',
    `    "model": ${json(group)},`,
    '    "messages": [{"role": "user", "content": "Hello"}]',
    '  }',
  ].join('\n');
  const bearer = key === undefined ? '"Authorization: Bearer $TRUNKLINE_KEY"' : quote(`Authorization: Bearer ${key}`);
  return [
    `curl ${gateway}/v1/chat/completions \\`,
    `  -H ${bearer} \\`,
    '  -H "Content-Type: application/json" \\',
    `  -d ${quote(body)}`,
  ].join('\n');
}

/** The same call from a program. */
export function callSnippets({ gateway, group, key }: Target): Snippet[] {
  const pyKey = key === undefined ? 'os.environ["TRUNKLINE_KEY"]' : json(key);
  const jsKey = key === undefined ? 'process.env.TRUNKLINE_KEY' : json(key);
  return [
    { id: 'curl', label: 'curl', code: curlSnippet(gateway, group, key) },
    {
      id: 'python',
      label: 'Python',
      file: 'hello.py',
      code: `${key === undefined ? 'import os\n' : ''}from openai import OpenAI

client = OpenAI(base_url=${json(`${gateway}/v1`)}, api_key=${pyKey})
answer = client.chat.completions.create(
    model=${json(group)},
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)
`,
    },
    {
      id: 'node',
      label: 'Node.js',
      file: 'hello.mjs',
      code: `import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${json(`${gateway}/v1`)}, apiKey: ${jsKey} });
const answer = await client.chat.completions.create({
  model: ${json(group)},
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);
`,
    },
    {
      id: 'env',
      label: '.env',
      file: '.env',
      code: `OPENAI_BASE_URL=${gateway}/v1
OPENAI_API_KEY=${key ?? 'your-key'}
OPENAI_MODEL=${/^[\w./-]+$/.test(group) ? group : quote(group)}
`,
    },
  ];
}

/** How tools that people use already are pointed at the gateway. */
export function clientSnippets({ gateway, group, key }: Target): Snippet[] {
  const secret = key ?? 'your-key';
  return [
    {
      id: 'codex',
      label: 'Codex',
      file: '~/.codex/config.toml',
      code: `# export TRUNKLINE_KEY=${key === undefined ? secret : quote(key)}
model = ${json(group)}
model_provider = "trunkline"

[model_providers.trunkline]
name = "Trunkline"
base_url = ${json(`${gateway}/v1`)}
env_key = "TRUNKLINE_KEY"
wire_api = "responses"
`,
    },
    {
      id: 'claude-code',
      label: 'Claude Code',
      code: `export ANTHROPIC_BASE_URL=${quote(gateway)}
export ANTHROPIC_AUTH_TOKEN=${quote(secret)}
export ANTHROPIC_MODEL=${quote(group)}
claude
`,
    },
    {
      id: 'cursor',
      label: 'Cursor',
      file: 'Cursor Settings > Models',
      code: `OpenAI API Key: ${secret}
Override OpenAI Base URL: ${gateway}/v1
Model: ${group}
`,
    },
    {
      id: 'open-webui',
      label: 'Open WebUI',
      code: `docker run -d -p 3000:8080 \\
  -e OPENAI_API_BASE_URL=${quote(`${gateway}/v1`)} \\
  -e OPENAI_API_KEY=${quote(secret)} \\
  -v open-webui:/app/backend/data --name open-webui \\
  ghcr.io/open-webui/open-webui:main
`,
    },
  ];
}

export const GROUP_YAML = `kind: Group
name: gpt-4-pool
members:
  - {provider: openai-main, model: gpt-4o-mini, priority: 1}
  - {provider: backup, model: some-model, priority: 2}
`;

export const KEY_YAML = `kind: ApiKey
name: my-app
groups: [gpt-4-pool]
`;

/** Puts a file into force; a key that it makes is printed once. */
export const applyCommand = (file: string) => `trunklinectl apply -f ${file}`;
