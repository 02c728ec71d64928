// Package oneapi reads exports of one-api and of new-api, which grew out of it: channels and
// tokens, as their APIs answer or as rows of their databases. A channel becomes a provider,
// each model that channels serve a group, and a token an API key.
package oneapi

import (
	"strings"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/takeover"
)

// Source reads exports of one of the two.
type Source struct {
	name  string
	types map[int64]channelType
	// weighs says that the weights of channels count.
	weighs bool
}

// OneAPI reads exports of songquanpeng/one-api.
func OneAPI() Source { return Source{name: "one-api", types: oneAPI()} }

// NewAPI reads exports of QuantumNous/new-api.
func NewAPI() Source { return Source{name: "new-api", types: newAPI(), weighs: true} }

// Name implements takeover.Source.
func (s Source) Name() string { return s.name }

// About implements takeover.Source.
func (s Source) About() string {
	return "channels and tokens of " + s.name + ": its SQLite file, a dump by mysqldump or pg_dump, rows of its database as JSON, or JSON as its API answers, which lacks the keys"
}

// reader is one run.
type reader struct {
	Source
	d       *takeover.Draft
	offered []*offer // of models by channels
	options map[string]*takeover.Node
	tokens  []*takeover.Node
}

// Read implements takeover.Source. Tokens come last: they name groups.
func (s Source) Read(files []*takeover.File, d *takeover.Draft) error {
	r := &reader{Source: s, d: d, options: map[string]*takeover.Node{}}
	var roots []*takeover.Node
	for _, f := range files {
		root, err := f.Tree("channels", "tokens", "options")
		if err != nil {
			return err
		}
		rows := rowsOf(root)
		if rows == nil {
			return exit.Invalidf("%s: there are no channels and no tokens: is it an export of %s?", f.Name, s.name)
		}
		for _, row := range rows {
			switch {
			case row.Get("models").Given() && row.Get("type").Given():
				r.channel(row)
			case row.Get("remain_quota").Given() || row.Get("unlimited_quota").Given():
				r.tokens = append(r.tokens, row)
			case row.Get("value").Given() && row.Get("key").Given():
				r.options[row.Get("key").Text()] = row.Get("value")
			default:
				d.Leave(row, "it is neither a channel nor a token")
			}
		}
		roots = append(roots, root)
	}
	r.groups()
	r.prices()
	for _, row := range r.tokens {
		r.token(row)
	}
	for _, root := range roots {
		d.Rest(root, why)
	}
	return nil
}

// rowsOf finds the rows: a list, what an API wraps around one, or tables by their names.
func rowsOf(n *takeover.Node) (rows []*takeover.Node) {
	switch {
	case n.IsList():
		return n.Each()
	case n.IsMap() && n.Get("models").Given() && n.Get("type").Given():
		return []*takeover.Node{n} // the API's answer about one channel
	}
	for _, key := range []string{"data", "items", "channels", "tokens", "options"} {
		if inner := n.Get(key); inner.IsList() || inner.IsMap() {
			rows = append(rows, rowsOf(inner)...)
		}
	}
	for _, key := range []string{"success", "message", "total", "page", "page_size", "type_counts"} {
		n.Get(key).Use()
	}
	return rows
}

// listOf splits a list of the databases.
func listOf(text, separators string) (parts []string) {
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

const bookkeeping = "statistics of the old gateway; counting starts again"

func why(path string) string {
	key := path[strings.LastIndex(path, ".")+1:]
	if strings.HasPrefix(path, "options[") {
		return "a setting of the whole gateway: see docs/reference/configuration.md for Settings"
	}
	return map[string]string{
		"created_time": bookkeeping, "test_time": bookkeeping, "response_time": bookkeeping, "balance": bookkeeping, "balance_updated_time": bookkeeping,
		"used_quota": bookkeeping, "accessed_time": bookkeeping, "other_info": bookkeeping, "id": bookkeeping, "user_id": bookkeeping,
		"status_reason": bookkeeping, "status_time": bookkeeping, "multi_key_polling_index": bookkeeping, "multi_key_size": bookkeeping,
		"auto_ban":            "a failing provider cools down and is tried again; it is never disabled permanently",
		"test_model":          "trunklinectl providers test asks for the models, and --model names one",
		"status_code_mapping": "which failures move on is fixed by their outcome; see docs/reference/outcomes.md",
		"cross_group_retry":   "there are no groups of users",
		"system_prompt":       "prompts are not changed",
		"remark":              "providers have no remarks", "tag": "providers have no tags",
		"multi_key_mode": "credentials of a provider are tried in turn",
		"billing_type":   "there are no accounts of money: keys have budgets",
		"abilities":      "which channels have a model follows from the channels",
		"users":          "API keys belong to nobody, and people of the console are made with trunklinectl users",
		"logs":           bookkeeping, "quota_data": bookkeeping, "tasks": bookkeeping, "midjourneys": bookkeeping,
		"redemptions": "there are no accounts of money: keys have budgets", "top_ups": "there are no accounts of money: keys have budgets",
	}[key]
}
