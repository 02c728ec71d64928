package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Both ways to run Trunkline must behave alike to every SDK.
func TestSDKs(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(*testing.T) *stack{"all in one": allInOne, "distributed": distributed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := build(t)
			t.Run("openai-go", func(t *testing.T) { goSDK(t, s) })
			t.Run("openai-node", func(t *testing.T) { nodeSDK(t, s) })
			t.Run("calls are logged", func(t *testing.T) { logged(t, s) })
		})
	}
}

func client(s *stack, key string) openai.Client {
	return openai.NewClient(option.WithBaseURL(s.api+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(0))
}

func ask(model string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	}
}

func goSDK(t *testing.T, s *stack) {
	c := client(s, appKey)
	for _, model := range []string{"plain", "dead-first", "first-500", "first-429", "first-before-token", "first-html", "first-keyword"} {
		t.Run("chat "+model, func(t *testing.T) {
			got, err := c.Chat.Completions.New(t.Context(), ask(model))
			if err != nil {
				t.Fatal(err)
			}
			if got.Choices[0].Message.Content == "" || got.Model != "ok" || got.Usage.TotalTokens == 0 {
				t.Errorf("answer %s", got.RawJSON())
			}
		})
		t.Run("stream "+model, func(t *testing.T) {
			stream := c.Chat.Completions.NewStreaming(t.Context(), ask(model))
			acc := openai.ChatCompletionAccumulator{}
			for stream.Next() {
				if !acc.AddChunk(stream.Current()) {
					t.Fatalf("chunk does not fit: %s", stream.Current().RawJSON())
				}
			}
			if err := stream.Err(); err != nil {
				t.Fatal(err)
			}
			if acc.Choices[0].Message.Content == "" || acc.Choices[0].FinishReason != "stop" {
				t.Errorf("accumulated %+v", acc.Choices)
			}
		})
	}
	t.Run("tools", func(t *testing.T) { goTools(t, c) })
	t.Run("a cut stream is an error", func(t *testing.T) {
		stream := c.Chat.Completions.NewStreaming(t.Context(), ask("cut"))
		chunks := 0
		for stream.Next() {
			chunks++
		}
		if stream.Err() == nil || chunks == 0 {
			t.Errorf("%d chunks, error %v", chunks, stream.Err())
		}
	})
	for model, want := range map[string]struct {
		status int
		code   string
	}{
		"only-500":     {503, "upstream_error"},
		"only-429":     {429, "rate_limit_exceeded"},
		"only-html":    {502, "bad_upstream_body"},
		"only-keyword": {502, "failure_keyword"},
		"too-long":     {400, "context_length_exceeded"},
		"hidden":       {404, "model_not_found"},
		"nonsense":     {404, "model_not_found"},
	} {
		t.Run("error "+model, func(t *testing.T) {
			_, err := c.Chat.Completions.New(t.Context(), ask(model))
			wantError(t, err, want.status, want.code)
		})
	}
	t.Run("error key", func(t *testing.T) {
		wrong := client(s, "sk-wrong-0123456789")
		_, err := wrong.Chat.Completions.New(t.Context(), ask("plain"))
		wantError(t, err, 401, "invalid_api_key")
	})
	t.Run("models", func(t *testing.T) {
		page, err := c.Models.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Data {
			if m.ID == "hidden" {
				t.Error("a group of others is listed")
			}
		}
		if m, err := c.Models.Get(t.Context(), "plain"); err != nil || m.ID != "plain" || m.Created == 0 {
			t.Errorf("model %+v, %v", m, err)
		}
		_, err = c.Models.Get(t.Context(), "hidden")
		wantError(t, err, 404, "model_not_found")
	})
}

func wantError(t *testing.T, err error, status int, code string) {
	t.Helper()
	var api *openai.Error
	if !errors.As(err, &api) || api.StatusCode != status || api.Code != code {
		t.Errorf("error %v, want %d %s", err, status, code)
	}
}

func goTools(t *testing.T, c openai.Client) {
	params := ask("first-500")
	params.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
		Name:       "get_weather",
		Parameters: openai.FunctionParameters{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}},
	})}
	got, err := c.Chat.Completions.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	calls := got.Choices[0].Message.ToolCalls
	if len(calls) == 0 || calls[0].Function.Name != "get_weather" || !strings.HasPrefix(calls[0].Function.Arguments, "{") {
		t.Errorf("tool calls %s", got.RawJSON())
	}
	stream := c.Chat.Completions.NewStreaming(t.Context(), params)
	acc := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		acc.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil || len(acc.Choices[0].Message.ToolCalls) == 0 || acc.Choices[0].Message.ToolCalls[0].Function.Name != "get_weather" {
		t.Errorf("streamed tool calls %+v, %v", acc.Choices, err)
	}
}

// nodeSDK runs the same story with the official SDK for Node.
func nodeSDK(t *testing.T, s *stack) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("node is missing")
		}
		t.Skip("node is missing; install Node 20 or later to run this")
	}
	if _, err := os.Stat("sdk/node_modules/openai"); err != nil {
		t.Fatal("e2e/sdk/node_modules is missing: run npm ci in e2e/sdk, or make test")
	}
	cmd := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec", "chat.test.mjs")
	cmd.Dir = "sdk"
	cmd.Env = append(os.Environ(), "TRUNKLINE_URL="+s.api, "TRUNKLINE_KEY="+appKey)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// logged checks that the log tells what the SDKs went through.
func logged(t *testing.T, s *stack) {
	calls := adminv1connect.NewCallServiceClient(s.rpc())
	c := client(s, appKey)
	var id string
	_, err := c.Chat.Completions.New(t.Context(), ask("dead-first"), option.WithMiddleware(requestID(&id)))
	if err != nil {
		t.Fatal(err)
	}
	var call *adminv1.Call
	s.eventually("the call is in the log", func(ctx context.Context) bool {
		got, err := calls.GetCall(ctx, &adminv1.GetCallRequest{Id: id})
		call = got.GetCall()
		return err == nil
	})
	// The dead provider may be cooling by now, and is then not tried.
	last := call.GetAttempts()[len(call.GetAttempts())-1]
	if call.GetOutcome() != "ok" || call.GetGroup() != "dead-first" || call.GetApiKey() != "app" || call.GetProvider() != "good" ||
		last.GetProvider() != "good" || last.GetCredential() != "main" || call.GetCost() == "" || call.GetUsage().GetSource() != "upstream" {
		t.Errorf("logged %v", call)
	}
}
