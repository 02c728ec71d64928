// Package view chooses what the tables of trunklinectl show of each kind of
// message. What is not listed here shows its simple fields.
package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/output"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/role"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// All gives the views of the admin API.
func All() output.Views {
	return output.NewViews(
		output.ViewOf(provider, "name", "dialect", "base url", "models", "credentials", "enabled", "updated"),
		output.ViewOf(credential, "name", "secret", "enabled", "stored"),
		output.ViewOf(model, "id", "alias", "price", "context", "origin"),
		output.ViewOf(importedModel, "id", "action", "alias", "price", "from", "context", "why"),
		output.ViewOf(importStep, "provider", "stage", "what"),
		output.ViewOf(importRun, "time", "provider", "by", "took", "result", "next", "id"),
		output.ViewOf(testStep, "step", "result", "took", "found"),
		output.ViewOf(group, "name", "aliases", "members", "selection", "api keys", "enabled", "updated"),
		output.ViewOf(candidate, "provider", "model", "priority", "weight", "price", "state", "role", "share", "left", "failures", "nodes", "reason"),
		output.ViewOf(groupRoute, "group", "state", "serving", "next", "candidates", "left out", "reason"),
		output.ViewOf(targetHealth, "model", "credential", "state", "left", "failures", "nodes", "reason"),
		output.ViewOf(refusal, "model", "endpoint", "refuses", "caller", "since", "until", "nodes"),
		output.ViewOf(providerHealth, "provider", "state", "left", "usable models", "groups", "reason", "not healthy"),
		output.ViewOf(hit, "call", "provider", "text"),
		output.ViewOf(member, "priority", "provider", "model", "weight", "enabled"),
		output.ViewOf(apiKey, "name", "key", "groups", "owner", "tags", "state", "expires", "updated"),
		output.ViewOf(unconfirmed, "name", "connected", "last seen", "why"),
		output.ViewOf(revision, "revision", "time", "actor", "changes"),
		output.ViewOf(change, "operation", "kind", "name", "differences"),
		output.ViewOf(rollbackException, "kind", "name", "reason"),
		output.ViewOf(keyword, "name", "looks for", "in", "on a hit", "enabled", "updated"),
		output.ViewOf(alertChannel, "name", "way", "to", "events", "digest", "enabled", "updated"),
		output.ViewOf(alert, "state", "event", "summary", "since", "until"),
		output.ViewOf(alertDelivery, "time", "channel", "state", "alerts", "attempts", "next", "error", "id"),
		output.ViewOf(settings, "updated", "failover", "calls kept"),
		output.ViewOf(auditEvent, "sequence", "time", "actor", "address", "action", "outcome", "targets", "detail"),
		output.ViewOf(token, "name", "user", "role", "token", "created", "used", "expires"),
		output.ViewOf(user, "name", "role", "state", "second factor", "signed in"),
		output.ViewOf(session, "id", "user", "address", "browser", "began", "used"),
		output.ViewOf(call, "time", "id", "model", "api key", "outcome", "status", "provider", "attempts", "first token", "duration", "cost"),
		output.ViewOf(tailed, "time", "id", "model", "api key", "outcome", "status", "provider", "attempts", "first token", "duration", "cost"),
		output.ViewOf(attempt, "provider", "model", "credential", "start", "first token", "duration", "status", "outcome", "reason"),
		output.ViewOf(skipped, "provider", "model", "cooling for", "until"),
		output.ViewOf(gap, "start", "end", "node", "calls", "reason", "in usage", "id"),
		output.ViewOf(refused, "time", "kind", "node", "reason", "id"),
		output.ViewOf(usageRow, totalColumns("value")...),
		output.ViewOf(usageSeries, totalColumns("value")...),
		output.ViewOf(usagePoint, totalColumns("start")...),
		output.ViewOf(joinToken, "id", "state", "node", "note", "created", "by", "expires", "joined"),
		output.ViewOf(authorityKey, "fingerprint", "role", "since", "expires"),
		output.ViewOf(masterKey, "id", "state", "secrets", "replicas without it"),
		output.ViewOf(unreadableSecret, "kind", "provider", "alert channel", "name", "master key"),
		output.ViewOf(node, "name", "version", "state", "revision", "in flight", "calls waiting", "dropped", "last seen", "not healthy", "error"),
	)
}

func provider(p *adminv1.Provider) []string {
	return []string{
		p.GetName(), cmp.Or(p.GetDialect(), dialect.Default), output.Text(p.GetBaseUrl()), strconv.Itoa(len(p.GetModels())), strconv.Itoa(len(p.GetCredentials())),
		enabled(p.Enabled), output.Time(p.GetUpdateTime()),
	}
}

func credential(c *adminv1.Credential) []string {
	return []string{c.GetName(), ending(c.GetSecretHint()), enabled(c.Enabled), output.Time(c.GetSecretSetTime())}
}

func model(m *adminv1.Model) []string {
	return []string{m.GetId(), output.Text(m.GetAlias()), price(m.GetPrice()), tokens(m.GetContextWindow()), origin(m.GetImported())}
}

// price names each part, USD per million tokens or characters, per second, image or call, and
// how many prices there are for long prompts and service tiers.
func price(p *adminv1.Price) string {
	var parts []string
	for _, part := range [...]struct{ name, amount string }{
		{"in", p.GetInput()}, {"cached", p.GetCachedInput()}, {"cache write", p.GetCacheWrite()}, {"for 1 h", p.GetCacheWrite_1Hr()},
		{"out", p.GetOutput()}, {"reasoning", p.GetReasoning()}, {"audio in", p.GetAudioInput()}, {"cached audio", p.GetCachedAudioInput()},
		{"audio out", p.GetAudioOutput()}, {"image in", p.GetImageInput()}, {"cached image", p.GetCachedImageInput()},
		{"image out", p.GetImageOutput()}, {"per image", p.GetPerImage()}, {"per 1M characters", p.GetPerCharacter()},
		{"per second", p.GetPerSecond()}, {"per call", p.GetPerCall()},
	} {
		if part.amount != "" {
			parts = append(parts, part.name+" "+part.amount)
		}
	}
	switch n := len(p.GetTiers()); n {
	case 0:
	case 1:
		parts = append(parts, "1 tier")
	default:
		parts = append(parts, strconv.Itoa(n)+" tiers")
	}
	return output.Text(strings.Join(parts, ", "))
}

func group(g *adminv1.Group) []string {
	members := make([]string, len(g.GetMembers()))
	for i, m := range g.GetMembers() {
		members[i] = fmt.Sprintf("%d:%s/%s", m.GetPriority(), m.GetProvider(), m.GetModel())
	}
	return []string{
		g.GetName(), output.Text(strings.Join(g.GetAliases(), ", ")), output.Text(strings.Join(members, ", ")),
		cmp.Or(g.GetSelection(), "cheapest"), strconv.Itoa(int(g.GetApiKeyCount())), enabled(g.Enabled), output.Time(g.GetUpdateTime()),
	}
}

func member(m *adminv1.Member) []string {
	weight := "1"
	if m.Weight != nil {
		weight = strconv.Itoa(int(m.GetWeight()))
	}
	return []string{strconv.Itoa(int(m.GetPriority())), m.GetProvider(), m.GetModel(), weight, enabled(m.Enabled)}
}

func apiKey(k *adminv1.ApiKey) []string {
	expires := "never"
	if k.GetExpireTime() != nil {
		expires = output.Time(k.GetExpireTime())
	}
	return []string{
		k.GetName(), k.GetPrefix() + ending(k.GetLastFour()), output.Text(strings.Join(k.GetGroups(), ", ")),
		output.Text(k.GetOwner()), output.Text(strings.Join(k.GetTags(), ", ")), named(k.GetState()), expires, output.Time(k.GetUpdateTime()),
	}
}

func keyword(k *adminv1.FailureKeyword) []string {
	looksFor := k.GetKeyword()
	if k.GetPattern() != "" {
		looksFor = "/" + k.GetPattern() + "/"
	}
	onHit := "fail over"
	switch {
	case k.GetLogOnly():
		onHit = "note"
	case k.GetCount():
		onHit = "fail over, count"
	}
	return []string{k.GetName(), looksFor, places(k), onHit, enabled(k.Enabled), output.Time(k.GetUpdateTime())}
}

// places says where a failure keyword is looked for: answer, stream of openai for chat.
func places(k *adminv1.FailureKeyword) string {
	text := "everywhere"
	if len(k.GetScopes()) > 0 {
		text = strings.Join(k.GetScopes(), ", ")
	}
	if len(k.GetProviders()) > 0 {
		text += " of " + strings.Join(k.GetProviders(), ", ")
	}
	if len(k.GetGroups()) > 0 {
		text += " for " + strings.Join(k.GetGroups(), ", ")
	}
	return text
}

func settings(s *adminv1.Settings) []string {
	failover := "defaults"
	if n := overrides(s.GetFailover()); n > 0 {
		failover = fmt.Sprintf("%d set", n)
	}
	kept := "default"
	if s.GetRetention().GetCalls() != nil {
		kept = output.Duration(s.GetRetention().GetCalls())
	}
	return []string{output.Time(s.GetUpdateTime()), failover, kept}
}

func token(t *adminv1.Token) []string {
	expires := "never"
	if t.GetExpireTime() != nil {
		expires = output.Time(t.GetExpireTime())
	}
	return []string{
		t.GetName(), output.Text(t.GetUser()), role.Name(t.GetRole()), ending(t.GetLastFour()), output.Time(t.GetCreateTime()), output.Time(t.GetUseTime()), expires,
	}
}

func user(u *adminv1.User) []string {
	state := "enabled"
	if u.GetDisabled() {
		state = "disabled"
	}
	factor := "no"
	if u.GetTotpEnabled() {
		factor = "yes"
	}
	return []string{u.GetName(), role.Name(u.GetRole()), state, factor, output.Time(u.GetSignInTime())}
}

func session(s *adminv1.Session) []string {
	return []string{s.GetId(), s.GetUser(), output.Text(s.GetAddress()), output.Text(s.GetUserAgent()), output.Time(s.GetCreateTime()), output.Time(s.GetUseTime())}
}

// enabled is the state of a switch that is on when nothing is said.
func enabled(on *bool) string { return yes(on == nil || *on) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// ending shows the end of a secret.
func ending(lastFour string) string {
	if lastFour == "" {
		return "-"
	}
	return "..." + lastFour
}
