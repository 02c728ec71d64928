package classify

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/trunkline-ai/trunkline/dataplane"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestClassifyStatusReadsRealBodies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		header map[string]string
		body   string
		model  string
		want   dataplane.Outcome
		scope  dataplane.ScopeKind
		wait   time.Duration
	}{
		// By code before status and type.
		"429 spent by code":            {429, nil, `{"error":{"code":"insufficient_quota","type":"insufficient_quota","message":"x"}}`, "", dataplane.QuotaExhausted, 0, 0},
		"400 rate limit by code":       {400, nil, `{"error":{"code":"rate_limit_exceeded","message":"x"}}`, "", dataplane.Busy, 0, 0},
		"401 spent by code":            {401, nil, `{"error":{"code":"insufficient_balance","message":"x"}}`, "", dataplane.QuotaExhausted, 0, 0},
		"500 context by code":          {500, nil, `{"error":{"code":"context_length_exceeded","message":"x"}}`, "", dataplane.ContextLength, 0, 0},
		"403 content by code":          {403, nil, `{"error":{"code":"content_filter","message":"x"}}`, "", dataplane.ContentPolicy, 0, 0},
		"403 model by code":            {403, nil, "{\"error\":{\"message\":\"Project `p` does not have access to model `gpt-5`\",\"code\":\"model_not_found\"}}", "gpt-5", dataplane.ModelNotFound, 0, 0},
		"429 overloaded by type":       {429, nil, `{"error":{"type":"engine_overloaded_error","message":"The engine is currently overloaded, please try again later"}}`, "", dataplane.Overloaded, 0, 0},
		"DashScope key":                {401, nil, `{"code":"InvalidApiKey","message":"Invalid API-key provided.","request_id":"r"}`, "", dataplane.AuthFailed, 0, 0},
		"DashScope arrears":            {400, nil, `{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing.","request_id":"r"}`, "", dataplane.QuotaExhausted, 0, 0},
		"DashScope content":            {400, nil, `{"error":{"code":"data_inspection_failed","message":"Output data may contain inappropriate content."}}`, "", dataplane.ContentPolicy, 0, 0},
		"Azure deployment":             {404, nil, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`, "gpt", dataplane.ModelNotFound, 0, 0},
		"Azure wrong path":             {404, nil, `{"error":{"code":"404","message":"Resource not found"}}`, "gpt", dataplane.Unsupported, 0, 0},
		"Bedrock access":               {403, nil, `{"message":"You don't have access to the model with the specified model ID."}`, "m", dataplane.ModelNotFound, 0, 0},
		"Bedrock throttling":           {429, nil, `{"__type":"com.amazon.coral.service#ThrottlingException","message":"Too many requests"}`, "m", dataplane.Busy, 0, 0},
		"Bedrock other deprecation":    {400, nil, `{"message":"The parameter top_k is deprecated for claude-opus"}`, "claude-opus", dataplane.Unsupported, 0, 0},
		"not for this operation":       {400, nil, `{"error":{"message":"gpt-4o is not supported for this operation"}}`, "gpt-4o", dataplane.BadRequest, 0, 0},
		"Gemini model":                 {404, nil, `[{"error":{"code":404,"message":"models/gemini-1.0 is not found for API version v1main, or is not supported for generateContent.","status":"NOT_FOUND"}}]`, "gemini-1.0", dataplane.ModelNotFound, 0, 0},
		"Gemini busy":                  {429, nil, `[{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]`, "g", dataplane.Busy, 0, 0},
		"Gemini spent":                 {429, nil, `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.Help"}]}}`, "g", dataplane.QuotaExhausted, 0, 0},
		"error inside the message":     {429, nil, `{"error":{"message":"{\n \"error\": {\"code\": 429, \"status\": \"RESOURCE_EXHAUSTED\", \"message\": \"Slow down\", \"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"3s\"}]}}","code":429,"status":"Too Many Requests"}}`, "g", dataplane.RateLimited, 0, 3 * time.Second},
		"OpenRouter explains":          {429, nil, `{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":\"m is busy, try again in 4s\",\"code\":\"invalid_api_key\"}}","provider_name":"X"}}}`, "m", dataplane.RateLimited, dataplane.ScopeTarget, 4 * time.Second},
		"OpenAI requests per day":      {429, nil, `{"error":{"message":"Rate limit reached for gpt-4 in organization o on requests per day (RPD): Limit 200. Please try again in 7m12s.","type":"requests","code":"rate_limit_exceeded"}}`, "gpt-4", dataplane.RateLimited, dataplane.ScopeTarget, 7*time.Minute + 12*time.Second},
		"OpenAI too large for TPM":     {429, nil, `{"error":{"message":"Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 342389.","type":"tokens","code":"rate_limit_exceeded"}}`, "gpt-4o", dataplane.Unsupported, 0, 0},
		"Anthropic limits":             {400, nil, `{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."}}`, "c", dataplane.QuotaExhausted, 0, 0},
		"Anthropic organization":       {400, nil, `{"type":"error","error":{"type":"invalid_request_error","message":"This organization has been disabled."}}`, "c", dataplane.AuthFailed, 0, 0},
		"Azure waits":                  {429, nil, `{"error":{"code":"429","message":"Requests have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 34 seconds."}}`, "g", dataplane.RateLimited, dataplane.ScopeTarget, 34 * time.Second},
		"Cohere trial":                 {429, nil, `{"message":"You are using a Trial key, which is limited to 1000 API calls / month."}`, "c", dataplane.QuotaExhausted, 0, 0},
		"new-api quota":                {403, nil, `{"error":{"message":"用户额度不足","type":"new_api_error","code":"insufficient_user_quota"}}`, "c", dataplane.QuotaExhausted, 0, 0},
		"DeepSeek balance":             {402, nil, `{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}`, "d", dataplane.QuotaExhausted, 0, 0},
		"OpenRouter affords nothing":   {402, nil, `{"error":{"message":"This request requires more credits, or fewer max_tokens. You requested up to 32000 tokens, but can only afford 0. To increase, visit https://x","code":402}}`, "d", dataplane.QuotaExhausted, 0, 0},
		"Groq retired":                 {400, nil, "{\"error\":{\"message\":\"The model `llama2` has been decommissioned and is no longer supported.\",\"code\":\"x\"}}", "llama2", dataplane.ModelNotFound, 0, 0},
		"llama.cpp context":            {400, nil, `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}`, "l", dataplane.ContextLength, 0, 0},
		"Moonshot context":             {400, nil, `{"error":{"message":"Invalid request: Your request exceeded model token limit: 8192","type":"invalid_request_error"}}`, "l", dataplane.ContextLength, 0, 0},
		"vLLM context":                 {400, nil, `{"object":"error","message":"This model's maximum context length is 2048 tokens.","type":"BadRequestError","param":null,"code":400}`, "l", dataplane.ContextLength, 0, 0},
		"region as 403":                {403, nil, `{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","type":"request_forbidden"}}`, "", dataplane.AuthFailed, 0, 0},
		"spent with a reset":           {429, map[string]string{"Retry-After": "1200"}, `{"error":{"message":"You've hit your weekly limit","type":"rate_limit_error"}}`, "", dataplane.QuotaExhausted, 0, 20 * time.Minute},
		"spent with a far reset":       {429, map[string]string{"Retry-After": "90000"}, `{"error":{"message":"You've hit your weekly limit","type":"rate_limit_error"}}`, "", dataplane.QuotaExhausted, 0, time.Hour},
		"quota sentence with a wait":   {429, map[string]string{"Retry-After": "5"}, `{"error":{"message":"You exceeded your current quota"}}`, "", dataplane.RateLimited, 0, 5 * time.Second},
		"tokens are out by header":     {429, map[string]string{"X-Ratelimit-Remaining-Tokens": "0", "X-Ratelimit-Reset-Tokens": "6m0s"}, `{}`, "", dataplane.RateLimited, dataplane.ScopeTarget, 6 * time.Minute},
		"a reset with budget left":     {429, map[string]string{"X-Ratelimit-Remaining-Requests": "3", "X-Ratelimit-Reset-Requests": "6m0s"}, `{}`, "", dataplane.Busy, 0, 0},
		"a reset without budget":       {429, map[string]string{"X-Ratelimit-Reset": "9"}, `{}`, "", dataplane.RateLimited, 0, 9 * time.Second},
		"503 overloaded with a wait":   {503, map[string]string{"Retry-After": "3"}, `{"error":{"type":"overloaded_error","message":"x"}}`, "", dataplane.RateLimited, dataplane.ScopeTarget, 3 * time.Second},
		"503 ignores x-ratelimit":      {503, map[string]string{"X-Ratelimit-Reset": "9"}, `{}`, "", dataplane.ServerError, 0, 0},
		"500 ignores Retry-After":      {500, map[string]string{"Retry-After": "9"}, `{}`, "", dataplane.ServerError, 0, 0},
		"529 ignores Retry-After":      {529, map[string]string{"Retry-After": "9"}, `{}`, "", dataplane.Overloaded, 0, 0},
		"413 by a proxy":               {413, nil, `<html><title>413</title></html>`, "", dataplane.ContextLength, 0, 0},
		"400 without a body":           {400, nil, ``, "", dataplane.BadBody, 0, 0},
		"400 with an empty object":     {400, nil, `{}`, "", dataplane.BadBody, 0, 0},
		"400 with null":                {400, nil, `{"error":null}`, "", dataplane.BadBody, 0, 0},
		"403 by a firewall":            {403, nil, `<!DOCTYPE html><title>Attention Required!</title>`, "", dataplane.BadBody, 0, 0},
		"401 by a web page":            {401, nil, `<html></html>`, "", dataplane.AuthFailed, 0, 0},
		"404 in plain text":            {404, nil, `404 page not found`, "m", dataplane.Unsupported, 0, 0},
		"404 by Spring":                {404, nil, `{"timestamp":1,"status":404,"error":"Not Found","path":"/chat/completions"}`, "m", dataplane.Unsupported, 0, 0},
		"404 by Groq's router":         {404, nil, `{"error":{"message":"Unknown request URL: POST /v2/chat. Please check the URL for typos.","type":"invalid_request_error","code":"unknown_url"}}`, "m", dataplane.Unsupported, 0, 0},
		"400 about an image":           {400, nil, `{"error":{"message":"Invalid URL: not an image","type":"invalid_request_error"}}`, "m", dataplane.BadRequest, 0, 0},
		"400 about logit_bias":         {400, nil, `{"error":{"message":"Invalid token id 999999 in logit_bias"}}`, "m", dataplane.BadRequest, 0, 0},
		"410 of something":             {410, nil, `{"error":{"message":"This thread is gone"}}`, "m", dataplane.NotFound, 0, 0},
		"418":                          {418, nil, `{"error":{"message":"teapot"}}`, "m", dataplane.BadRequest, 0, 0},
		"302":                          {302, nil, ``, "m", dataplane.BadBody, 0, 0},
		"600":                          {600, nil, ``, "m", dataplane.ServerError, 0, 0},
		"200 by mistake of the caller": {200, nil, `{"choices":[]}`, "m", dataplane.ServerError, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			for k, v := range tc.header {
				h.Set(k, v)
			}
			got := Status(tc.status, h, []byte(tc.body), tc.model, noon)
			if got.Outcome != tc.want || got.Scope != tc.scope || got.Wait != tc.wait {
				t.Errorf("got %s scope %d wait %s, want %s scope %d wait %s (%s)", got.Outcome, got.Scope, got.Wait, tc.want, tc.scope, tc.wait, got.Reason)
			}
		})
	}
}

// A caller who can make a provider repeat some text must not take the provider away from
// everybody else.
func TestCallersCannotWriteTheirOwnVerdict(t *testing.T) {
	t.Parallel()
	const model = "gpt-4o"
	for _, text := range []string{
		"Your credit balance is too low", "API key not valid", "Incorrect API key provided", "insufficient balance",
		"This organization has been disabled", "The model gpt-4o does not exist", "model gpt-4o has been decommissioned",
		"x' Your credit balance is too low 'y", "User location is not supported", "too many requests", "overloaded",
	} {
		for _, body := range []string{
			`{"error":{"message":"Invalid value: '` + text + `'. Supported values are: 'system' and 'user'.","type":"invalid_request_error","param":"messages[0].role","code":"invalid_value"}}`,
			`{"error":{"message":"Invalid value: '` + text + `'.","type":"invalid_request_error","param":null,"code":null}}`,
			`{"error":{"message":"` + text + `","type":"invalid_request_error","param":"messages[0].content","code":null}}`,
			`{"detail":[{"type":"literal_error","loc":["body","messages",0,"role"],"msg":"Input should be 'system'","input":"` + text + `"}]}`,
			`{"error":{"message":"messages.0.role: ` + strings.Repeat("very ", 20) + text + `","type":"invalid_request_error"}}`,
		} {
			v := Status(400, nil, []byte(body), model, noon)
			if v.Outcome != dataplane.BadRequest {
				t.Errorf("%s\nis %s, want bad_request", body, v.Outcome)
			}
		}
	}
}

func TestClassifyErrorTellsErrorsFromAnswers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		data string
		is   bool
		want dataplane.Outcome
	}{
		"null":              {`{"error":null,"choices":[]}`, false, 0},
		"null alone":        {`{"error":null}`, false, 0},
		"empty object":      {`{"error":{}}`, false, 0},
		"empty text":        {`{"error":""}`, false, 0},
		"false":             {`{"error":false}`, false, 0},
		"no key":            {`{"id":"1"}`, false, 0},
		"done":              {`[DONE]`, false, 0},
		"empty":             {``, false, 0},
		"json null":         {`null`, false, 0},
		"text":              {`"error"`, false, 0},
		"cut off":           {`{"error":{"message":"x"`, false, 0},
		"an answer":         {`{"choices":[{"index":0,"message":{"content":"{\"error\":\"no\"}"}}]}`, false, 0},
		"answer with noise": {`{"error":{"code":0,"message":"fine"},"choices":[{"index":0,"finish_reason":"stop"}]}`, false, 0},
		"usage chunk":       {`{"choices":[],"usage":{"prompt_tokens":1}}`, false, 0},
		"role chunk":        {`{"object":"chat.completion.chunk","choices": [ {"delta":{"role":"assistant"}}]}`, false, 0},
		"ping":              {`{"type":"ping"}`, false, 0},
		"lifecycle":         {`{"type":"response.created","response":{"id":"r","error":null}}`, false, 0},
		"success code":      {`{"code":"Success","message":"ok"}`, false, 0},
		"embedding":         {`{"data":[{"embedding":[1]}],"error":null}`, false, 0},
		"MiniMax fine":      {`{"choices":[{"index":0}],"base_resp":{"status_code":0,"status_msg":""}}`, false, 0},

		"unknown":           {`{"error":{"message":"boom"}}`, true, dataplane.ServerError},
		"a string":          {`{"error":"boom"}`, true, dataplane.ServerError},
		"array":             {`[{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}]`, true, dataplane.ServerError},
		"detail":            {`{"detail":"Method Not Allowed"}`, true, dataplane.ServerError},
		"vLLM":              {`{"object":"error","message":"x","type":"BadRequestError","code":400}`, true, dataplane.BadRequest},
		"numeric code":      {`{"error":{"message":"x","code":429}}`, true, dataplane.Busy},
		"code as text":      {`{"error":{"message":"x","code":"401"}}`, true, dataplane.AuthFailed},
		"by type":           {`{"type":"error","error":{"type":"authentication_error","message":"x"}}`, true, dataplane.AuthFailed},
		"by Google status":  {`{"error":{"message":"x","status":"PERMISSION_DENIED"}}`, true, dataplane.AuthFailed},
		"by phrase":         {`{"error":{"message":"Rate limit exceeded"}}`, true, dataplane.Busy},
		"phrase and wait":   {`{"error":{"message":"Too many requests, try again in 12 seconds"}}`, true, dataplane.RateLimited},
		"caller":            {`{"error":{"type":"invalid_request_error","message":"x"}}`, true, dataplane.BadRequest},
		"responses event":   {`{"type":"error","code":"rate_limit_exceeded","message":"x","param":null}`, true, dataplane.Busy},
		"response.failed":   {`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"x"}}}`, true, dataplane.ServerError},
		"OpenRouter mid":    {`{"id":"g","object":"chat.completion.chunk","error":{"code":502,"message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}`, true, dataplane.ServerError},
		"error, no choices": {`{"choices":[],"error":{"code":"insufficient_quota","message":"x"}}`, true, dataplane.QuotaExhausted},
		"MiniMax":           {`{"choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}`, true, dataplane.QuotaExhausted},
		"Baidu":             {`{"error_code":336100,"error_msg":"try again"}`, true, dataplane.ServerError},
		"Cloudflare":        {`{"success":false,"errors":[{"code":7000,"message":"No route for that URI"}]}`, true, dataplane.ServerError},
		"DashScope":         {`{"code":"InvalidApiKey","message":"x","request_id":"1"}`, true, dataplane.AuthFailed},
		"null choices":      {`{"error":{"message":"The model is currently overloaded"},"choices":null}`, true, dataplane.Overloaded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, is := ErrorBody([]byte(tc.data), "m")
			if is != tc.is || got.Outcome != tc.want {
				t.Errorf("got %s, %v, want %s, %v (%s)", got.Outcome, is, tc.want, tc.is, got.Reason)
			}
		})
	}
}

func TestClassifyErrorCostsAGoodAnswerNothing(t *testing.T) { // alone: it counts allocations
	chunk := []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}]}`)
	if n := testing.AllocsPerRun(100, func() { ErrorBody(chunk, "m") }); n != 0 {
		t.Errorf("%v allocations for a good chunk, want 0", n)
	}
}

func TestNearLooksForTheModelAsAWord(t *testing.T) {
	t.Parallel()
	far := strings.Repeat("x ", 50)
	for name, tc := range map[string]struct {
		message, model string
		want           dataplane.Outcome
	}{
		"named":              {"The model `o1` does not exist", "o1", dataplane.ModelNotFound},
		"in another case":    {"Model GPT-4O not found", "gpt-4o", dataplane.ModelNotFound},
		"with a path":        {"models/gemini-pro is not found", "gemini-pro", dataplane.ModelNotFound},
		"inside a word":      {"The photo12 does not exist", "o1", dataplane.NotFound},
		"second time a word": {"foo1 and o1 do not exist, o1 does not exist", "o1", dataplane.ModelNotFound},
		"not named":          {"The file does not exist", "o1", dataplane.NotFound},
		"phrase too far":     {"o1 " + far + "does not exist", "o1", dataplane.NotFound},
		"name too far":       {far + "o1 does not exist", "o1", dataplane.NotFound},
		"no model":           {"It does not exist", "", dataplane.NotFound},
		"long s folds":       {"ſo1 does not exist", "o1", dataplane.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := Status(404, nil, []byte(`{"error":{"message":"`+tc.message+`"}}`), tc.model, noon)
			if v.Outcome != tc.want {
				t.Errorf("%q about %q is %s, want %s", tc.message, tc.model, v.Outcome, tc.want)
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(429, `{"error":{"message":"try again in 1m30s sk-abcdefghijk","code":"x"}}`, "1.5", "m")
	f.Add(404, `[{"error":{"message":"models/m is not found"}}]`, "Mon, 23 Nov 2026 12:00:30 GMT", "m")
	f.Add(400, `{"error":{"message":"{\"error\":{\"message\":\"[{\"}}"}}`, "NaN", "")
	f.Add(502, "<html><TITLE>\xff\xfe</title>", "-1", "x")
	f.Add(0, strings.Repeat(`[`, 1000), "1e400", "x")
	f.Fuzz(func(t *testing.T, status int, body, retry, model string) {
		h := http.Header{"Retry-After": {retry}, "X-Ratelimit-Reset": {retry}}
		check := func(v dataplane.Verdict) {
			if _, ok := dataplane.OutcomeNamed(v.Outcome.String()); !ok {
				t.Fatalf("outcome %d", v.Outcome)
			}
			if len(v.Reason) > 200 || !utf8.ValidString(v.Reason) || strings.ContainsAny(v.Reason, "\r\n\x00\x1b") {
				t.Fatalf("reason %q", v.Reason)
			}
			if v.Wait < 0 || v.Wait > time.Hour || v.Wait > 0 && v.Wait < time.Second {
				t.Fatalf("wait %s", v.Wait)
			}
			if v.Outcome == dataplane.RateLimited && (v.Wait < time.Second || v.Wait > 15*time.Minute) {
				t.Fatalf("rate limited with a wait of %s", v.Wait)
			}
		}
		check(Status(status, h, []byte(body), model, noon))
		if v, is := ErrorBody([]byte(body), model); is {
			check(v)
		}
	})
}

func BenchmarkClassifyErrorOfAGoodChunk(b *testing.B) {
	chunk := []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}]}`)
	b.ReportAllocs()
	for b.Loop() {
		ErrorBody(chunk, "m")
	}
}
