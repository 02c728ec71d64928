package uplink_test

import (
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestResetIsPassedOnAndShownSoon(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Sync.StatusInterval = time.Hour
	type order struct{ provider, model, credential string }
	orders := make(chan order, 1)
	cfg.Sync.Reset = func(provider, model, credential string) { orders <- order{provider, model, credential} }
	cfg.Sync.Status = func() syncing.Status { return syncing.Status{Redis: "down", KeywordHits: map[string]int64{"busy": 2}} }
	start(t, cfg)
	if st := get(t, "first status", p.statuses); st.GetRedis() != "down" || st.GetKeywordHits()["busy"] != 2 {
		t.Errorf("status says that redis is %q, keyword hits %v", st.GetRedis(), st.GetKeywordHits())
	}
	for _, want := range []order{{"openai", "gpt-4o", ""}, {"openai", "", "main"}, {"openai", "", ""}} {
		p.orders <- &nodev1.ResetCooldown{Provider: want.provider, Model: want.model, Credential: want.credential}
		if got := get(t, "order", orders); got != want {
			t.Errorf("order %v, want %v", got, want)
		}
		get(t, "status after the reset", p.statuses)
	}
}

func TestResetWithoutATakerIsNoTrouble(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	u, _ := start(t, cfg)
	p.orders <- &nodev1.ResetCooldown{Provider: "openai"}
	p.push <- full(t, 1, 3)
	get(t, "answer", p.answers)
	if u.Revision() != 3 {
		t.Errorf("revision %d, want 3", u.Revision())
	}
}
