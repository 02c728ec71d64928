package proxy_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// The official SDK must wait as long as it is told, and must not repeat what cannot help.
func TestTheOfficialSDKHeedsWhatLimitsTellIt(t *testing.T) {
	t.Parallel()
	ask := openai.ChatCompletionNewParams{Model: "g", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")}}
	sdk := func(r limitedRig) openai.Client {
		return openai.NewClient(option.WithBaseURL(r.url+"/v1"), option.WithAPIKey(clientKey), option.WithMaxRetries(2))
	}
	t.Run("a place is free soon", func(t *testing.T) {
		t.Parallel()
		r := newLimitedRig(t, []string{"stall-events-3-times-1"}, func(k *nodev1.ApiKey) { k.Concurrency = 1 })
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(`{"model":"g","stream":true,"messages":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+clientKey)
		first, err := r.served.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer first.Body.Close()
		began := time.Now()
		done := make(chan error, 1)
		client := sdk(r)
		go func() {
			_, err := client.Chat.Completions.New(t.Context(), ask)
			done <- err
		}()
		if denied := r.call(); denied.Outcome != dataplane.KeyLimited {
			t.Fatalf("%s was recorded, want a denial", denied.Outcome)
		}
		leave()
		if err := <-done; err != nil {
			t.Fatalf("the second try failed: %v", err)
		}
		if waited := time.Since(began); waited < time.Second {
			t.Errorf("the SDK came back after %s, want the second it was told", waited)
		}
		retried := r.call()
		for retried.Outcome == dataplane.ClientClosed { // the call that left
			retried = r.call()
		}
		if retried.Outcome != dataplane.OK || retried.ClientRetry != 1 {
			t.Errorf("recorded %s, client retry %d", retried.Outcome, retried.ClientRetry)
		}
	})
	t.Run("a budget is spent", func(t *testing.T) {
		t.Parallel()
		r := newLimitedRig(t, []string{"ok"}, func(k *nodev1.ApiKey) { k.Budget, k.BudgetPeriod = 1, "month" })
		r.chat(false)
		r.call()
		client := sdk(r)
		_, err := client.Chat.Completions.New(t.Context(), ask)
		refused, ok := errors.AsType[*openai.Error](err)
		if !ok || refused.StatusCode != 429 || refused.Code != "insufficient_quota" || refused.Type != "insufficient_quota" {
			t.Fatalf("the SDK got %v", err)
		}
		r.call()
		if len(r.calls) != 0 {
			t.Errorf("%d more calls came, want none", len(r.calls))
		}
	})
}
