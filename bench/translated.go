package main

import (
	"context"
	"fmt"
	"strings"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A group whose provider speaks another dialect than the clients has the name of the model with this before it.
const inMessages = "messages-"

// translatedModels are what is asked for in both ways.
var translatedModels = []string{modelPlain, modelBurst}

// otherDialect adds a provider that speaks messages alone, and a group of it for each model, to a snapshot.
func otherDialect(s *nodev1.Snapshot, key *nodev1.ApiKey, upstream string) {
	p := provider("messages", upstream)
	p.Dialect = "anthropic"
	for _, m := range p.Models {
		m.MaxOutputTokens = 4096
	}
	s.Providers = append(s.Providers, p)
	for _, model := range translatedModels {
		s.Groups = append(s.Groups, &nodev1.Group{Name: inMessages + model, Members: []*nodev1.Member{member("messages", model, 1)}})
		key.Groups = append(key.Groups, inMessages+model)
	}
}

// translatedScenarios compare calls of chat that a node translates to messages with those that go as they came. Both come
// in turn, in short pieces, so that they meet the same machine.
var translatedScenarios = []scenario{{
	name: "translated", about: "chat to a provider of messages against chat to one of chat, in turn: CPU of the node", runs: nodes,
	metrics: []metric{
		{Name: "1 KB ratio", Unit: "x"}, {Name: "20 KB ratio", Unit: "x"}, {Name: "chunk ratio", Unit: "x"},
		{Name: "1 KB native", Unit: "µs"}, {Name: "1 KB translated", Unit: "µs"}, {Name: "20 KB native", Unit: "µs"}, {Name: "20 KB translated", Unit: "µs"},
		{Name: "chunk native", Unit: "µs"}, {Name: "chunk translated", Unit: "µs"},
	},
	measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
		v := values{}
		var all result
		for _, kind := range []struct {
			name, model, per string
			stream           bool
			size             int
		}{
			{"1 KB", modelPlain, "CPU/request", false, 1 << 10},
			{"20 KB", modelPlain, "CPU/request", false, 20 << 10},
			{"chunk", modelBurst, "CPU/chunk", true, 1 << 10},
		} {
			var took [2]float64
			for range translatedTurns {
				for i, model := range []string{kind.model, inMessages + kind.model} {
					one, r, err := perRequest(ctx, s, func() result {
						return closedLoop(ctx, s.address, conversation(s.door, model, kind.stream, kind.size), 16, b.options.time/translatedTurns)
					})
					all.add(r)
					if err != nil {
						return nil, all, err
					}
					took[i] += one[kind.per] / translatedTurns
				}
			}
			v[kind.name+" native"], v[kind.name+" translated"] = took[0], took[1]
			v[kind.name+" ratio"] = took[1] / took[0]
		}
		return v, all, nil
	},
}}

// translatedTurns is how often native and translated calls take turns.
const translatedTurns = 4

// conversation is a request with messages of half a KB.
func conversation(d door, model string, stream bool, size int) request {
	const turn = `{"role":"user","content":"%[1]s"},{"role":"assistant","content":"%[1]s"},`
	text := strings.Repeat("Tell me more about that. ", 20)
	body := fmt.Appendf(nil, `{"model":%q,"stream":%t,"messages":[`, model, stream)
	for len(body)+2*len(text) < size {
		body = fmt.Appendf(body, turn, text)
	}
	r := newRequest(d.path, d.key, append(body, `{"role":"user","content":"And then?"}]}`...))
	r.stream, r.has, r.end = stream, `"choices"`, done
	return r
}
