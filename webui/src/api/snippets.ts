/** Texts people copy out of the console: the same in every language. */

/** A first call to a group, for a shell. */
export function curlSnippet(gateway: string, group: string): string {
  const body = [
    '{',
    `    "model": ${JSON.stringify(group)},`,
    '    "messages": [{"role": "user", "content": "Hello"}]',
    '  }',
  ].join('\n');
  return [
    `curl ${gateway}/v1/chat/completions \\`,
    '  -H "Authorization: Bearer $TRUNKLINE_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d ${shellQuote(body)}`,
  ].join('\n');
}

const shellQuote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

export const PROVIDER_YAML = `kind: Provider
name: openai-main
base_url: https://api.openai.com/v1
credentials:
  - {name: main, secret: "\${OPENAI_API_KEY}"}
models:
  - id: gpt-4o-mini
    price: {input: "0.15", output: "0.60"}
`;

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
