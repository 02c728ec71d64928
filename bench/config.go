package main

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// clientKey is what the load generator sends; the baselines pass it on unread.
const clientKey = "sk-bench-0123456789abcdef"

// Models of the scripted upstream. Trunkline has a group of the same name for each, so
// that every system is sent the same bytes.
const (
	modelPlain  = "tokens-80"             // about 1 KB
	modelSteady = "tokens-100+chunk-20ms" // a stream of 2 s
	modelBurst  = "tokens-300"            // a stream without gaps
	modelHeld   = "tokens-5+chunk-2500ms" // a stream that is open for 10 s
	modelFailed = "status-500"            // Trunkline: first this one, then modelPlain
)

// benchModels are those that every system serves; a node has modelFailed besides.
var benchModels = []string{modelPlain, modelSteady, modelBurst, modelHeld}

// size says how much configuration a snapshot holds next to what the bench uses.
type size struct{ providers, groups, keys int }

// snapshot is a configuration that serves every model of the bench from the upstream, and
// as many other providers, groups and keys as asked for.
func snapshot(revision uint64, upstream string, more size) *nodev1.Snapshot {
	s := &nodev1.Snapshot{Revision: revision, KeyPepper: []byte("the pepper of the bench"), Providers: []*nodev1.Provider{provider("main", upstream)}}
	key := &nodev1.ApiKey{Name: "bench"}
	for _, model := range benchModels {
		s.Groups = append(s.Groups, &nodev1.Group{Name: model, Members: []*nodev1.Member{member("main", model, 1)}})
		key.Groups = append(key.Groups, model)
	}
	s.Groups = append(s.Groups, &nodev1.Group{Name: modelFailed, Members: []*nodev1.Member{member("main", modelFailed, 1), member("main", modelPlain, 2)}})
	key.Groups = append(key.Groups, modelFailed)
	otherDialect(s, key, upstream)
	for i := range more.providers {
		s.Providers = append(s.Providers, provider(fmt.Sprintf("provider-%05d", i), upstream))
	}
	for i := range more.groups {
		g := &nodev1.Group{Name: fmt.Sprintf("group-%05d", i)}
		for j := range min(5, more.providers) {
			g.Members = append(g.Members, member(fmt.Sprintf("provider-%05d", (i*5+j)%more.providers), modelPlain, int32(j+1)))
		}
		s.Groups = append(s.Groups, g)
	}
	s.ApiKeys = append(s.ApiKeys, hashed(s.KeyPepper, clientKey, key))
	for i := range more.keys {
		other := &nodev1.ApiKey{Name: fmt.Sprintf("key-%06d", i), Groups: key.Groups[:1]}
		s.ApiKeys = append(s.ApiKeys, hashed(s.KeyPepper, other.Name, other))
	}
	return s
}

func hashed(pepper []byte, secret string, key *nodev1.ApiKey) *nodev1.ApiKey {
	sum := apikey.Hash(pepper, secret)
	key.Hash = sum[:]
	return key
}

func provider(name, upstream string) *nodev1.Provider {
	p := &nodev1.Provider{
		Name: name, BaseUrl: "http://" + upstream + "/v1", AllowPrivateNetwork: true, Policy: policy(),
		Credentials: []*nodev1.Credential{{Name: "main", Secret: "sk-upstream"}},
	}
	for _, model := range append(slices.Clone(benchModels), modelFailed) {
		p.Models = append(p.Models, &nodev1.Model{Id: model, Price: &nodev1.Price{Input: 150_000, CachedInput: 75_000, Output: 600_000}})
	}
	return p
}

func member(provider, model string, priority int32) *nodev1.Member {
	return &nodev1.Member{Provider: provider, Model: model, Priority: priority, Weight: 1, Policy: policy()}
}

// policy is the default one, but for a threshold that no failure reaches: every call of
// the failover scenario is to meet the failing target first, and once: the pause before the
// same target is tried again is no work.
func policy() *nodev1.Policy {
	return &nodev1.Policy{
		FailureThreshold: 1 << 30, FailureWindow: durationpb.New(time.Minute), MinRatio: 1,
		Cooldown: durationpb.New(30 * time.Second), CooldownMax: durationpb.New(5 * time.Minute), MaxAttempts: 5,
		ConnectTimeout: durationpb.New(5 * time.Second), FirstTokenTimeout: durationpb.New(time.Minute),
		ResponseTimeout: durationpb.New(10 * time.Minute), StreamIdleTimeout: durationpb.New(time.Minute), AttemptTimeout: durationpb.New(3 * time.Minute),
		TotalTimeout: durationpb.New(10 * time.Minute), StreamTotalTimeout: durationpb.New(time.Hour), StreamKeepAlive: true,
	}
}
