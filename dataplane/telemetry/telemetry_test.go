package telemetry

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
)

// What the last Go package of the conventions names, it names as we do.
func TestNamesOfTheConventions(t *testing.T) {
	t.Parallel()
	for ours, theirs := range map[attribute.Key]attribute.Key{
		operationName: semconv.GenAIOperationNameKey, providerName: semconv.GenAIProviderNameKey, requestModel: semconv.GenAIRequestModelKey,
		responseModel: semconv.GenAIResponseModelKey, inputTokens: semconv.GenAIUsageInputTokensKey, outputTokens: semconv.GenAIUsageOutputTokensKey,
		oldTokenType: semconv.GenAITokenTypeKey, errorType: semconv.ErrorTypeKey, serverAddress: semconv.ServerAddressKey, serverPort: semconv.ServerPortKey,
		httpMethod: semconv.HTTPRequestMethodKey, httpRoute: semconv.HTTPRouteKey, httpStatus: semconv.HTTPResponseStatusCodeKey,
	} {
		if ours != theirs {
			t.Errorf("%s, want %s", ours, theirs)
		}
	}
	if operationDuration != (genaiconv.ClientOperationDuration{}).Name() || oldTokenUsage != (genaiconv.ClientTokenUsage{}).Name() {
		t.Error("the old metrics have other names")
	}
}

func TestEveryEndpointIsAnOperation(t *testing.T) {
	t.Parallel()
	for _, e := range api.Endpoints {
		if e.Operation == "" || strings.ContainsAny(e.Operation, " /") {
			t.Errorf("%s is operation %q", e.Path, e.Operation)
		}
	}
}

func TestProvidersAreCalledAsTheConventionsDo(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://api.openai.com/v1":                                "openai",
		"https://API.OpenAI.com/v1":                                "openai",
		"https://api.anthropic.com":                                "anthropic",
		"https://x.openai.azure.com/openai/v1":                     "azure.ai.openai",
		"https://bedrock-runtime.us-east-1.amazonaws.com/openai":   "aws.bedrock",
		"https://s3.amazonaws.com":                                 "main",
		"https://us-central1-aiplatform.googleapis.com/v1":         "gcp.vertex_ai",
		"https://generativelanguage.googleapis.com/v1beta/openai/": "gcp.gemini",
		"http://127.0.0.1:11434/v1":                                "main",
		"https://openrouter.ai/api/v1":                             "main",
	} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if got := conventional("main", u); got != want {
			t.Errorf("%s is %s, want %s", base, got, want)
		}
	}
	u, _ := url.Parse("https://api.openai.com/v1")
	got := attribute.NewSet(placeOf(&dataplane.Provider{Name: "main", BaseURL: u})...)
	if want := attribute.NewSet(providerName.String("openai"), serverAddress.String("api.openai.com"), serverPort.Int(443)); got != want {
		t.Errorf("%v", got.ToSlice())
	}
}

// Tokens are counted once each, by modality as far as it is told.
func TestTokensByModality(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		tokensByModality(t, old)
	}
}

func tokensByModality(t *testing.T, old bool) {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	m, err := newMeter(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"), old)
	if err != nil {
		t.Fatal(err)
	}
	at := place{providerName.String("p")}
	m.attempt("chat", at, false, &dataplane.Attempt{Model: "m", Usage: dataplane.Usage{Input: 100, AudioInput: 30, CachedInput: 20, CachedAudio: 5, CacheWrite: 7, Output: 50, Reasoning: 11}})
	m.attempt("chat", at, false, &dataplane.Attempt{Model: "m", Outcome: dataplane.RateLimited})
	m.attempt("embeddings", at, false, &dataplane.Attempt{Model: "m", Usage: dataplane.Usage{Input: 1000}})
	m.attempt("embeddings", at, false, &dataplane.Attempt{Model: "m"}) // a provider that counts nothing
	m.attempt("rerank", at, false, &dataplane.Attempt{Model: "m", Usage: dataplane.Usage{Input: 5}})
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				modality, _ := p.Attributes.Value(tokenModality)
				got[strings.TrimPrefix(m.Name, "gen_ai.client.inference.usage.")+" "+modality.AsString()] = p.Value
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				operation, _ := p.Attributes.Value(operationName)
				got[m.Name+" "+operation.AsString()] += int64(p.Count)
			}
		case metricdata.Histogram[int64]:
			for _, p := range data.DataPoints {
				operation, _ := p.Attributes.Value(operationName)
				got[m.Name+" "+operation.AsString()] += int64(p.Count)
				got[m.Name+" of all"] += p.Sum
			}
		}
	}
	want := map[string]int64{
		"input_tokens text": 70, "input_tokens audio": 30, "output_tokens unknown": 50, "cache_read.input_tokens text": 15, "cache_read.input_tokens audio": 5,
		"cache_write.input_tokens unknown": 7, "reasoning.output_tokens unknown": 11,
		"gen_ai.client.inference.duration chat": 2, "gen_ai.client.embeddings.duration embeddings": 2, "gen_ai.client.operation.duration rerank": 1,
		"gen_ai.client.inference.operation.input_tokens chat": 2, "gen_ai.client.inference.operation.input_tokens of all": 100,
		"gen_ai.client.inference.operation.output_tokens chat": 2, "gen_ai.client.inference.operation.output_tokens of all": 50,
		"gen_ai.client.embeddings.operation.input_tokens embeddings": 1, "gen_ai.client.embeddings.operation.input_tokens of all": 1000,
	}
	if old {
		maps.Copy(want, map[string]int64{
			"gen_ai.client.operation.duration chat": 2, "gen_ai.client.operation.duration embeddings": 2,
			"gen_ai.client.token.usage chat": 2, "gen_ai.client.token.usage embeddings": 1, "gen_ai.client.token.usage of all": 1150,
		})
	}
	for key, n := range want {
		if got[key] != n {
			t.Errorf("%s is %d, want %d", key, got[key], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
}

func TestSpanNamesHoldNothingOfStrangers(t *testing.T) {
	t.Parallel()
	if got := spanName("chat", "", "what a client wrote"); got != "chat" {
		t.Error(got)
	}
	if got := spanName("chat", "pool", "gpt-4"); got != "chat gpt-4" {
		t.Error(got)
	}
}

// The model that answered is the one that the provider names, never the one that was asked.
func TestTheModelThatAnswered(t *testing.T) {
	t.Parallel()
	c := &Calls{}
	c.places.Store(&map[string]place{})
	for answered, want := range map[string]string{"m-0613": "m-0613", "": ""} {
		of := attribute.NewSet(c.ofCall("chat", &dataplane.Call{Group: "g", Model: "g", Provider: "p", UpstreamModel: "m", AnsweredModel: answered})...)
		if got, there := of.Value(responseModel); there != (want != "") || got.AsString() != want {
			t.Errorf("a call that %q answered has %q", answered, got.AsString())
		}
	}
}
