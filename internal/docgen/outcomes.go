package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/manifest"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
)

// outcomesPage is the page of what happens to an attempt.
func outcomesPage(t *outcometest.Table) []byte {
	p := &page{link: func(protoreflect.MessageDescriptor) string { return "" }}
	p.WriteString("# What happens to an attempt\n\n" + generated)
	p.WriteString("Every row is run against the product by its tests, streamed and not ([testdata/outcomes.yaml](../../testdata/outcomes.yaml)).\n\n" +
		"- *next*: whether the next candidate is tried. *if safe*: where the endpoint may be asked twice; *if wider*: by one with a larger context window; *if set*: where the policy says so.\n" +
		"- *counts against*: what a failure is held against; after too many within the failure window it is skipped for a while. *two callers*: one caller alone brings nothing about.\n" +
		"- *skipped at once*: for how long, without a count.\n" +
		"- *charged*: the provider may bill it, so the call's key is charged an estimate.\n" +
		"- *client*: what the client gets when this was the last candidate.\n\n")
	p.line("| | what the provider did | outcome | next | counts against | skipped at once | charged | client |\n|---|---|---|---|---|---|---|---|")
	for _, r := range t.Rows {
		w := r.Want
		p.line("| %d | %s | `%s` | %s | %s | %s | %s | %s |", r.Row, cell(r.What), w.Outcome, strings.ReplaceAll(w.Moves, "_", " "), against(w), hold(w), yes(w.MaybeBilled), client(w.Client))
	}
	return p.Bytes()
}

func against(w outcometest.Want) string {
	switch {
	case w.Counts == "none":
		return "–"
	case w.Unconfirmed:
		return w.Counts + ", two callers"
	}
	return w.Counts
}

func hold(w outcometest.Want) string {
	switch {
	case w.Hold == 0:
		return "–"
	case w.HoldMax > 0:
		return fmt.Sprintf("%s, doubled up to %s", manifest.Duration(w.Hold), manifest.Duration(w.HoldMax))
	}
	return manifest.Duration(w.Hold)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "–"
}

func client(c outcometest.Client) string {
	var out []string
	if c.Status != 0 {
		out = append(out, fmt.Sprint(c.Status))
	}
	if c.Code != "" {
		out = append(out, "`"+c.Code+"`")
	}
	if c.Passed {
		out = append(out, "the provider's own error")
	}
	if c.Event != "" {
		out = append(out, "error event `"+c.Event+"`")
	}
	return strings.Join(out, ", ")
}
