import type { Snippet } from '@/ui/CodeTabs';

// A call as a program: the same in every language of the console.

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string };
/** What a chat call says besides the model, in the words of the API. */
export type Chat = {
  messages: ChatMessage[];
  temperature?: number;
  max_tokens?: number;
  top_p?: number;
  stream?: boolean;
};

/** What a snippet is for; the key is read from the environment, and without a chat it says hello. */
export type Target = { gateway: string; group: string; chat?: Chat };

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

function curl(gateway: string, group: string, chat: Chat): string {
  const body = lines(group, chat, JSON_STYLE, JSON_STYLE.key).join(',\n    ');
  return [
    `curl ${chat.stream ? '-N ' : ''}${gateway}/v1/chat/completions \\`,
    '  -H "Authorization: Bearer $TRUNKLINE_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d ${quote(`{\n    ${body}\n  }`)}`,
  ].join('\n');
}

/** A call for a shell and from programs. */
export function callSnippets({ gateway, group, chat = HELLO }: Target): Snippet[] {
  return [
    { id: 'curl', label: 'curl', blocks: [{ code: curl(gateway, group, chat) }] },
    {
      id: 'python',
      label: 'Python',
      blocks: [
        {
          label: 'hello.py',
          code: `import os
from openai import OpenAI

client = OpenAI(base_url=${json(`${gateway}/v1`)}, api_key=os.environ["TRUNKLINE_KEY"])
answer = client.chat.completions.create(
    ${lines(group, chat, PYTHON, (name) => `${name}=`).join(',\n    ')},
)
${chat.stream ? PYTHON_STREAM : 'print(answer.choices[0].message.content)'}
`,
        },
      ],
    },
    {
      id: 'node',
      label: 'Node.js',
      blocks: [
        {
          label: 'hello.mjs',
          code: `import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${json(`${gateway}/v1`)}, apiKey: process.env.TRUNKLINE_KEY });
const answer = await client.chat.completions.create({
  ${lines(group, chat, NODE, NODE.key).join(',\n  ')},
});
${chat.stream ? NODE_STREAM : 'console.log(answer.choices[0].message.content);'}
`,
        },
      ],
    },
  ];
}

const PYTHON_STREAM = `for chunk in answer:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`;
const NODE_STREAM = 'for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta.content ?? "");';
