// Texts people copy out of the console: the same in every language.

/** One way to make a call. */
export type Snippet = {
  id: string;
  label: string;
  code: string;
  /** The file it belongs into; without one it is for a shell. */
  file?: string;
};

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string };
/** What a chat call says besides the model, in the words of the API. */
export type Chat = {
  messages: ChatMessage[];
  temperature?: number;
  max_tokens?: number;
  top_p?: number;
  stream?: boolean;
};

/** What a snippet is for; without a key it reads one from the environment, without a chat it says hello. */
export type Target = { gateway: string; group: string; key?: string; chat?: Chat };

const HELLO: Chat = { messages: [{ role: 'user', content: 'Hello' }] };

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const json = (value: string) => JSON.stringify(value);

type Value = string | number | boolean | ChatMessage[];
/** How a language writes an object on one line; texts and numbers are the same in all of them. */
type Style = { key: (name: string) => string; yes: string; around: [string, string] };
const JSON_STYLE: Style = { key: (name) => `"${name}": `, yes: 'true', around: ['{', '}'] };
const PYTHON: Style = { ...JSON_STYLE, yes: 'True' };
const NODE: Style = { key: (name) => `${name}: `, yes: 'true', around: ['{ ', ' }'] };

function literal(value: Value, style: Style): string {
  if (typeof value === 'boolean') return value ? style.yes : '';
  if (!Array.isArray(value)) return JSON.stringify(value);
  const [open, close] = style.around;
  const one = (m: ChatMessage) =>
    `${open}${style.key('role')}${json(m.role)}, ${style.key('content')}${json(m.content)}${close}`;
  return value.length < 2
    ? `[${value.map(one).join('')}]`
    : `[\n${value.map((m) => `      ${one(m)}`).join(',\n')}\n    ]`;
}

/** The lines of a call's arguments: the model and then what the chat says. */
function lines(group: string, chat: Chat, style: Style, name: (key: string) => string): string[] {
  return Object.entries<Value | undefined>({ model: group, ...chat })
    .filter((entry): entry is [string, Value] => entry[1] !== undefined && entry[1] !== false)
    .map(([key, value]) => `${name(key)}${literal(value, style)}`);
}

/** A first call to a group, or a given one, for a shell. */
export function curlSnippet(gateway: string, group: string, key?: string, chat = HELLO): string {
  const body = lines(group, chat, JSON_STYLE, JSON_STYLE.key).join(',\n    ');
  const bearer = key === undefined ? '"Authorization: Bearer $TRUNKLINE_KEY"' : quote(`Authorization: Bearer ${key}`);
  return [
    `curl ${chat.stream ? '-N ' : ''}${gateway}/v1/chat/completions \\`,
    `  -H ${bearer} \\`,
    '  -H "Content-Type: application/json" \\',
    `  -d ${quote(`{\n    ${body}\n  }`)}`,
  ].join('\n');
}

/** The same call from a program. */
export function callSnippets({ gateway, group, key, chat = HELLO }: Target): Snippet[] {
  const pyKey = key === undefined ? 'os.environ["TRUNKLINE_KEY"]' : json(key);
  const jsKey = key === undefined ? 'process.env.TRUNKLINE_KEY' : json(key);
  return [
    { id: 'curl', label: 'curl', code: curlSnippet(gateway, group, key, chat) },
    {
      id: 'python',
      label: 'Python',
      file: 'hello.py',
      code: `${key === undefined ? 'import os\n' : ''}from openai import OpenAI

client = OpenAI(base_url=${json(`${gateway}/v1`)}, api_key=${pyKey})
answer = client.chat.completions.create(
    ${lines(group, chat, PYTHON, (name) => `${name}=`).join(',\n    ')},
)
${chat.stream ? PYTHON_STREAM : 'print(answer.choices[0].message.content)'}
`,
    },
    {
      id: 'node',
      label: 'Node.js',
      file: 'hello.mjs',
      code: `import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${json(`${gateway}/v1`)}, apiKey: ${jsKey} });
const answer = await client.chat.completions.create({
  ${lines(group, chat, NODE, NODE.key).join(',\n  ')},
});
${chat.stream ? NODE_STREAM : 'console.log(answer.choices[0].message.content);'}
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

const PYTHON_STREAM = `for chunk in answer:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`;
const NODE_STREAM = 'for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta.content ?? "");';

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
