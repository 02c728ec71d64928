package clientsetup

import (
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// client is one client and how it is set up. The texts are templates: .Gateway is where clients send
// their calls, without /v1, .Model what they ask for; sh quotes for a POSIX shell, str for JSON, TOML,
// YAML, Python and JavaScript, and key stands between the quotes of the block.
type client struct {
	id    string
	title string // as it writes itself; not translated
	api   string // that it calls
	docs  string // where its maker describes what is set
	put   []block
}

type block struct {
	place adminv1.ClientSetupPlace
	path  string
	key   adminv1.ClientSetupQuoting
	text  string
}

func shell(text string) block {
	return block{place: adminv1.ClientSetupPlace_CLIENT_SETUP_PLACE_SHELL, key: adminv1.ClientSetupQuoting_CLIENT_SETUP_QUOTING_SHELL, text: text}
}

func file(path, text string) block {
	return block{place: adminv1.ClientSetupPlace_CLIENT_SETUP_PLACE_FILE, path: path, key: adminv1.ClientSetupQuoting_CLIENT_SETUP_QUOTING_STRING, text: text}
}

func settings(text string) block {
	return block{place: adminv1.ClientSetupPlace_CLIENT_SETUP_PLACE_SETTINGS, text: text}
}

const openAIEnvironment = `export OPENAI_BASE_URL={{sh (print .Gateway "/v1")}}
export OPENAI_API_KEY='{{key}}'
`

// clients are all of them, in the order in which they are shown.
var clients = []client{
	{
		id: "curl", title: "curl", api: dialect.Chat, docs: "https://curl.se/docs/manpage.html",
		put: []block{shell(`export TRUNKLINE_KEY='{{key}}'
curl {{sh (print .Gateway "/v1/chat/completions")}} \
  -H "Authorization: Bearer $TRUNKLINE_KEY" \
  -H 'Content-Type: application/json' \
  -d {{sh (print "{\"model\": " (str .Model) ", \"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}")}}
`)},
	},
	{
		id: "openai-python", title: "OpenAI Python", api: dialect.Chat, docs: "https://github.com/openai/openai-python",
		put: []block{shell(openAIEnvironment), file("hello.py", `from openai import OpenAI

client = OpenAI()
answer = client.chat.completions.create(
    model={{str .Model}},
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)
`)},
	},
	{
		id: "openai-node", title: "OpenAI Node.js", api: dialect.Chat, docs: "https://github.com/openai/openai-node",
		put: []block{shell(openAIEnvironment), file("hello.mjs", `import OpenAI from "openai";

const client = new OpenAI();
const answer = await client.chat.completions.create({
  model: {{str .Model}},
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);
`)},
	},
	{
		id: "anthropic-python", title: "Anthropic Python", api: dialect.Messages, docs: "https://github.com/anthropics/anthropic-sdk-python",
		put: []block{shell(`export ANTHROPIC_BASE_URL={{sh .Gateway}}
export ANTHROPIC_API_KEY='{{key}}'
`), file("hello.py", `from anthropic import Anthropic

client = Anthropic()
answer = client.messages.create(
    model={{str .Model}},
    max_tokens=1024,
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.content[0].text)
`)},
	},
	{
		id: "codex", title: "Codex", api: dialect.Responses, docs: "https://developers.openai.com/codex/config-sample",
		put: []block{file("~/.codex/config.toml", `model = {{str .Model}}
model_provider = "trunkline"

[model_providers.trunkline]
name = "Trunkline"
base_url = {{str (print .Gateway "/v1")}}
env_key = "TRUNKLINE_KEY"
wire_api = "responses"
`), shell(`export TRUNKLINE_KEY='{{key}}'
codex
`)},
	},
	{
		// All models that it asks for by itself, of which those of small tasks would be unknown, are the group.
		id: "claude-code", title: "Claude Code", api: dialect.Messages, docs: "https://code.claude.com/docs/en/llm-gateway",
		put: []block{shell(`unset ANTHROPIC_API_KEY
export ANTHROPIC_BASE_URL={{sh .Gateway}}
export ANTHROPIC_AUTH_TOKEN='{{key}}'
export ANTHROPIC_MODEL={{sh .Model}}
export ANTHROPIC_DEFAULT_OPUS_MODEL={{sh .Model}}
export ANTHROPIC_DEFAULT_SONNET_MODEL={{sh .Model}}
export ANTHROPIC_DEFAULT_HAIKU_MODEL={{sh .Model}}
export ANTHROPIC_DEFAULT_FABLE_MODEL={{sh .Model}}
claude
`)},
	},
	{
		id: "gemini-cli", title: "Gemini CLI", api: dialect.Gemini, docs: "https://github.com/google-gemini/gemini-cli",
		put: []block{shell(`export GOOGLE_GEMINI_BASE_URL={{sh .Gateway}}
export GEMINI_API_KEY='{{key}}'
gemini -m {{sh .Model}}
`), settings(`How would you like to authenticate: Use Gemini API Key
`)},
	},
	{
		id: "cursor", title: "Cursor", api: dialect.Chat, docs: "https://cursor.com/help/models-and-usage/api-keys",
		put: []block{settings(`Cursor Settings > Models > API Keys
  OpenAI API Key: {{key}}
  Override OpenAI Base URL: {{.Gateway}}/v1
Cursor Settings > Models > Add Custom Model: {{.Model}}

Cursor calls from its own servers: they must reach the address.
`)},
	},
	{
		id: "aider", title: "aider", api: dialect.Chat, docs: "https://aider.chat/docs/llms/openai-compat.html",
		put: []block{shell(`export OPENAI_API_BASE={{sh (print .Gateway "/v1")}}
export OPENAI_API_KEY='{{key}}'
aider --model {{sh (print "openai/" .Model)}}
`)},
	},
	{
		id: "cline", title: "Cline", api: dialect.Chat, docs: "https://docs.cline.bot/provider-config/openai-compatible",
		put: []block{settings(`API Provider: OpenAI Compatible
Base URL: {{.Gateway}}/v1
API Key: {{key}}
Model ID: {{.Model}}
`)},
	},
	{
		id: "continue", title: "Continue", api: dialect.Chat, docs: "https://docs.continue.dev/customize/model-providers/top-level/openai",
		put: []block{file("~/.continue/config.yaml", `name: Trunkline
version: 1.0.0
schema: v1
models:
  - name: {{str .Model}}
    provider: openai
    model: {{str .Model}}
    apiBase: {{str (print .Gateway "/v1")}}
    apiKey: "{{key}}"
`)},
	},
	{
		// A container has a loopback of its own, so that the host's needs the host's network.
		id: "open-webui", title: "Open WebUI", api: dialect.Chat, docs: "https://docs.openwebui.com/reference/env-configuration",
		put: []block{shell(`docker run -d {{if .Local}}--network host -e PORT=3000{{else}}-p 3000:8080{{end}} \
  -e OPENAI_API_BASE_URL={{sh (print .Gateway "/v1")}} \
  -e OPENAI_API_KEY='{{key}}' \
  -e DEFAULT_MODELS={{sh .Model}} \
  -v open-webui:/app/backend/data --name open-webui \
  ghcr.io/open-webui/open-webui:main
`)},
	},
}
