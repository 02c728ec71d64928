package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// many is how long the lists of the scenario "many" are: more than two pages.
const many = 2500

func ago(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(time.Now().Add(-d)) }

const day = 24 * time.Hour

func model(id, alias, input, cached, output string, context int64) *adminv1.Model {
	m := &adminv1.Model{Id: id, Alias: alias, ContextWindow: context}
	if input != "" {
		m.Price = &adminv1.Price{Input: input, CachedInput: cached, Output: output}
	}
	return m
}

func credential(name, hint string, age time.Duration) *adminv1.Credential {
	return &adminv1.Credential{Name: name, SecretHint: hint, SecretSetTime: ago(age)}
}

func madeProviders(scenario string) []*adminv1.Provider {
	switch scenario {
	case "empty":
		return nil
	case "many":
		list := make([]*adminv1.Provider, many)
		for i := range list {
			list[i] = &adminv1.Provider{
				Name: fmt.Sprintf("provider-%04d", i), BaseUrl: fmt.Sprintf("https://p%d.example/v1", i),
				Models: []*adminv1.Model{model("chat-large", "", "1", "", "2", 0)},
			}
		}
		return list
	}
	return []*adminv1.Provider{
		{
			Name: "azure-eastus2", BaseUrl: "https://contoso-eastus2.openai.azure.com/openai/v1", Dialect: "openai",
			Credentials: []*adminv1.Credential{credential("primary", "9f3a", 40*day), credential("secondary", "c07e", 40*day)},
			MaxInFlight: 200, Headers: map[string]string{"x-team": "search"},
			Timeouts: &adminv1.ProviderTimeouts{Connect: durationpb.New(3 * time.Second), FirstToken: durationpb.New(20 * time.Second)},
			Models: []*adminv1.Model{
				model("gpt-4o", "", "2.5", "1.25", "10", 128_000),
				model("gpt-4o-mini", "mini", "0.15", "0.075", "0.6", 128_000),
			},
		},
		{
			Name: "deepseek", BaseUrl: "https://api.deepseek.com",
			Credentials: []*adminv1.Credential{credential("main", "71bd", 3*day)},
			Models:      []*adminv1.Model{model("deepseek-chat", "", "0.27", "0.07", "1.1", 64_000), model("deepseek-reasoner", "", "0.55", "0.14", "2.19", 64_000)},
		},
		{
			Name: "on-prem-vllm", BaseUrl: "http://10.20.4.17:8000/v1", AllowPrivateNetwork: true, Enabled: proto.Bool(false),
			Models: []*adminv1.Model{model("Qwen/Qwen3-235B-A22B-Instruct", "qwen", "", "", "", 262_144)},
		},
		{
			Name: "openai-main", BaseUrl: "https://api.openai.com/v1", Dialect: "openai",
			Credentials: []*adminv1.Credential{credential("main", "4Kx2", 12*day), {Name: "old", SecretHint: "b81c", SecretSetTime: ago(200 * day), Enabled: proto.Bool(false)}},
			Models: []*adminv1.Model{
				model("gpt-4o", "", "2.5", "1.25", "10", 128_000),
				model("gpt-4o-mini", "", "0.15", "0.075", "0.6", 128_000),
				model("text-embedding-3-large", "", "0.13", "", "0", 8_191),
			},
		},
		{
			Name: "openrouter", BaseUrl: "https://openrouter.ai/api/v1",
			Credentials: []*adminv1.Credential{credential("shared", "e550", 90*day)},
			Models:      []*adminv1.Model{model("openai/gpt-4o", "", "2.6", "", "10.4", 128_000), model("deepseek/deepseek-chat", "", "0.3", "", "1.2", 64_000)},
		},
		{
			Name: "rehearsal", Dialect: "fake",
			Models: []*adminv1.Model{{Id: "status-429-after-2", Price: &adminv1.Price{PerCall: "0.001"}}, {Id: "slow-800ms"}},
		},
	}
}

func member(provider, model string, priority int32) *adminv1.Member {
	return &adminv1.Member{Provider: provider, Model: model, Priority: priority}
}

func madeGroups(scenario string) []*adminv1.Group {
	switch scenario {
	case "empty":
		return nil
	case "many":
		list := make([]*adminv1.Group, many)
		for i := range list {
			list[i] = &adminv1.Group{Name: fmt.Sprintf("group-%04d", i), Members: []*adminv1.Member{member(fmt.Sprintf("provider-%04d", i), "chat-large", 1)}}
		}
		return list
	}
	weighted := member("openrouter", "openai/gpt-4o", 3)
	weighted.Weight = proto.Int32(3)
	off := member("rehearsal", "slow-800ms", 9)
	off.Enabled = proto.Bool(false)
	return []*adminv1.Group{
		{
			Name: "chat-default", Aliases: []string{"gpt-4o", "gpt-4"},
			Members: []*adminv1.Member{
				member("azure-eastus2", "gpt-4o", 1), member("openai-main", "gpt-4o", 2), weighted,
				member("on-prem-vllm", "qwen", 4), off,
			},
			Policy: &adminv1.FailoverPolicy{FirstTokenTimeout: durationpb.New(8 * time.Second), MaxAttempts: proto.Int32(4)},
		},
		{Name: "embeddings", Members: []*adminv1.Member{member("openai-main", "text-embedding-3-large", 1)}},
		{
			Name:    "fast-cheap",
			Members: []*adminv1.Member{member("deepseek", "deepseek-chat", 1), member("openrouter", "deepseek/deepseek-chat", 1), member("azure-eastus2", "mini", 2)},
		},
		{Name: "reasoning", Members: []*adminv1.Member{member("deepseek", "deepseek-reasoner", 1)}},
		{Name: "retired", Enabled: proto.Bool(false), Members: []*adminv1.Member{member("rehearsal", "slow-800ms", 1)}},
		{Name: "実験用グループ", Aliases: []string{"实验分组", "실험"}},
	}
}

func madeKeys(scenario string) []*adminv1.ApiKey {
	switch scenario {
	case "empty":
		return nil
	case "many":
		list := make([]*adminv1.ApiKey, many)
		for i := range list {
			list[i] = &adminv1.ApiKey{Name: fmt.Sprintf("key-%04d", i), Prefix: "sk-tl-", LastFour: fmt.Sprintf("%04d", i), Groups: []string{fmt.Sprintf("group-%04d", i)}, CreateTime: ago(day)}
		}
		return list
	}
	in := func(d time.Duration) *timestamppb.Timestamp {
		return timestamppb.New(time.Now().Add(d + 30*time.Minute))
	}
	return []*adminv1.ApiKey{
		{Name: "batch-jobs", Prefix: "sk-tl-Qm4x", LastFour: "t8Wd", Groups: []string{"fast-cheap"}, CreateTime: ago(61 * day), ExpireTime: in(120 * day)},
		{Name: "contractor-2026", Prefix: "sk-tl-0aZk", LastFour: "hP1c", Groups: []string{"chat-default"}, CreateTime: ago(29 * day), ExpireTime: in(28 * time.Hour)},
		{Name: "mobile-app", Prefix: "sk-tl-Vt7R", LastFour: "9yLe", Groups: []string{"chat-default", "embeddings", "fast-cheap", "reasoning", "retired", "実験用グループ"}, CreateTime: ago(14 * day)},
		{Name: "old-laptop", Prefix: "sk-tl-bb2N", LastFour: "Xq0s", Groups: []string{"chat-default"}, CreateTime: ago(420 * day), Enabled: proto.Bool(false)},
		{Name: "search-service", Prefix: "sk-tl-Gc5h", LastFour: "mK3v", Groups: []string{"embeddings", "reasoning"}, CreateTime: ago(5 * day)},
		{Name: "summer-intern", Prefix: "sk-tl-Jw8p", LastFour: "Zz4r", Groups: []string{"fast-cheap"}, CreateTime: ago(150 * day), ExpireTime: ago(33 * day)},
		{Name: "unassigned", Prefix: "sk-tl-Ys1u", LastFour: "d6Fa", CreateTime: ago(3 * time.Hour)},
	}
}
