package e2e

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
)

// Every endpoint through the official SDKs, behind providers that fail first.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	s := allInOne(t)
	t.Run("openai-go", func(t *testing.T) { goEndpoints(t, s) })
	t.Run("node", func(t *testing.T) { nodeEndpoints(t, s) })
}

// failing are groups whose first provider fails before it answers.
var failing = []string{"plain", "dead-first", "first-500", "first-429", "first-html"}

func goEndpoints(t *testing.T, s *stack) {
	c := client(s, appKey)
	for _, model := range failing {
		t.Run("responses "+model, func(t *testing.T) {
			got, err := c.Responses.New(t.Context(), say(model))
			if err != nil || !strings.HasPrefix(got.OutputText(), "Hello!") || got.Usage.InputTokensDetails.CachedTokens == 0 || got.Status != "completed" {
				t.Errorf("%v: %+v", err, got)
			}
		})
		t.Run("responses stream "+model, func(t *testing.T) { goResponseStream(t, c, model) })
		t.Run("embeddings "+model, func(t *testing.T) {
			got, err := c.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
				Model: model, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b"}},
			})
			if err != nil || len(got.Data) != 2 || len(got.Data[1].Embedding) != 4 || got.Usage.PromptTokens == 0 {
				t.Errorf("%v: %+v", err, got)
			}
		})
		t.Run("completions "+model, func(t *testing.T) {
			got, err := c.Completions.New(t.Context(), openai.CompletionNewParams{
				Model: openai.CompletionNewParamsModel(model), Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("hi")},
			})
			if err != nil || got.Choices[0].Text == "" {
				t.Errorf("%v: %+v", err, got)
			}
		})
		t.Run("moderations "+model, func(t *testing.T) {
			got, err := c.Moderations.New(t.Context(), openai.ModerationNewParams{
				Model: model, Input: openai.ModerationNewParamsInputUnion{OfString: openai.String("hi")},
			})
			if err != nil || len(got.Results) != 1 || got.Results[0].Flagged {
				t.Errorf("%v: %+v", err, got)
			}
		})
		t.Run("images "+model, func(t *testing.T) {
			got, err := c.Images.Generate(t.Context(), openai.ImageGenerateParams{Model: model, Prompt: "a cat"})
			if err != nil || got.Data[0].B64JSON == "" {
				t.Errorf("%v: %+v", err, got)
			}
		})
		t.Run("speech "+model, func(t *testing.T) {
			got, err := c.Audio.Speech.New(t.Context(), openai.AudioSpeechNewParams{
				Model: model, Input: "hi", Voice: openai.AudioSpeechNewParamsVoiceUnion{OfString: openai.String("alloy")},
			})
			wantSound(t, got, err)
		})
		t.Run("transcriptions "+model, func(t *testing.T) {
			got, err := c.Audio.Transcriptions.New(t.Context(), openai.AudioTranscriptionNewParams{
				Model: model, File: openai.File(bytes.NewReader(make([]byte, 1<<20)), "a.mp3", "audio/mpeg"),
			})
			if err != nil || !strings.HasPrefix(got.Text, "Hello!") {
				t.Errorf("%v: %+v", err, got)
			}
		})
	}
	t.Run("a cut response is an error", func(t *testing.T) {
		stream := c.Responses.NewStreaming(t.Context(), say("cut"))
		events := 0
		for stream.Next() {
			events++
		}
		if stream.Err() == nil || events == 0 {
			t.Errorf("%d events, error %v", events, stream.Err())
		}
	})
	t.Run("errors", func(t *testing.T) {
		_, err := c.Responses.New(t.Context(), say("only-500"))
		wantError(t, err, 503, "upstream_error")
		_, err = c.Embeddings.New(t.Context(), openai.EmbeddingNewParams{Model: "hidden", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("a")}})
		wantError(t, err, 404, "model_not_found")
		_, err = c.Files.List(t.Context(), openai.FileListParams{})
		wantError(t, err, 404, "unsupported_endpoint")
	})
}

func say(model string) responses.ResponseNewParams {
	return responses.ResponseNewParams{Model: model, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Say hello.")}}
}

func goResponseStream(t *testing.T, c openai.Client, model string) {
	stream := c.Responses.NewStreaming(t.Context(), say(model))
	text, done := "", false
	for stream.Next() {
		event := stream.Current()
		switch event.Type {
		case "response.output_text.delta":
			text += event.Delta
		case "response.completed":
			done = event.Response.OutputText() == text
		}
	}
	if err := stream.Err(); err != nil || !done || !strings.HasPrefix(text, "Hello!") {
		t.Errorf("done=%v %q: %v", done, text, err)
	}
}

func wantSound(t *testing.T, got *http.Response, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	sound, err := io.ReadAll(got.Body)
	if err != nil || got.Header.Get("Content-Type") != "audio/mpeg" || len(sound) < 1000 || sound[0] != 0xff {
		t.Errorf("%v: %d bytes of %s", err, len(sound), got.Header.Get("Content-Type"))
	}
}

// nodeEndpoints runs the same with the official SDKs for Node, OpenAI's and Anthropic's.
func nodeEndpoints(t *testing.T, s *stack) {
	node, err := exec.LookPath("node")
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip("node is missing; install Node 20 or later to run this")
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("sdk/node_modules/@anthropic-ai/sdk"); err != nil {
		t.Fatal("e2e/sdk/node_modules is not up to date: run npm ci in e2e/sdk, or make test")
	}
	cmd := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec", "endpoints.test.mjs")
	cmd.Dir = "sdk"
	cmd.Env = append(os.Environ(), "TRUNKLINE_URL="+s.api, "TRUNKLINE_KEY="+appKey)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
