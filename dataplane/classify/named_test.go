package classify

import (
	"net/http"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Every text is one that a caller can bring about alone: none of them may hold a target or a credential.
func TestWhatACallerNamesHoldsNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		want   dataplane.Outcome
	}{
		"xAI safety":               {403, `{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Team: x, API key ID: y, Model: m, Failed check: SAFETY_CHECK_TYPE_BIO"}`, dataplane.ContentPolicy},
		"Gemini file":              {403, `{"error":{"code":403,"message":"You do not have permission to access the File abc123 or it may not exist.","status":"PERMISSION_DENIED"}}`, dataplane.NotFound},
		"Gemini cached content":    {403, `{"error":{"code":403,"message":"CachedContent not found (or permission denied)","status":"PERMISSION_DENIED"}}`, dataplane.NotFound},
		"Anthropic file":           {403, `{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified file."}}`, dataplane.NotFound},
		"Anthropic beta":           {403, `{"type":"error","error":{"type":"permission_error","message":"This organization does not have access to the beta context-1m."}}`, dataplane.NotFound},
		"container like the model": {404, `{"error":{"message":"Container with id 'm' not found.","type":"invalid_request_error","param":null,"code":null}}`, dataplane.NotFound},
		"file like the model":      {404, `{"type":"error","error":{"type":"not_found_error","message":"File not found: m"}}`, dataplane.NotFound},
		"token of a tool":          {401, `{"error":{"message":"The token is not valid","type":"invalid_request_error","param":"tools[0].authorization","code":"invalid_token"}}`, dataplane.BadRequest},
		"more than a minute":       {429, `{"error":{"message":"Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 40000.","type":"tokens","code":"rate_limit_exceeded"}}`, dataplane.Unsupported},
		"requested above limit":    {429, `{"error":{"message":"Tokens per minute exceeded: Requested 9000 > Limit 6000","code":"rate_limit_exceeded"}}`, dataplane.Unsupported},
		"Groq's 413":               {413, `{"error":{"message":"Rate limit for model m on TPM: Limit 6000, Requested 9000","type":"tokens","code":"rate_limit_exceeded"}}`, dataplane.Unsupported},
		"flex tier":                {429, `{"error":{"message":"Flex processing has no capacity for this request. Please retry after 60 seconds","code":"resource_unavailable"}}`, dataplane.Busy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if tc.status == 429 || tc.status == 413 {
				h.Set("Retry-After", "60")
			}
			got := Status(tc.status, h, []byte(tc.body), "m", noon)
			if got.Outcome != tc.want || got.Wait != 0 || got.Outcome.Rule().Hold != 0 {
				t.Errorf("got %s, wait %s, hold %s; want %s and nothing held (%s)", got.Outcome, got.Wait, got.Outcome.Rule().Hold, tc.want, got.Reason)
			}
		})
	}
}

// What is about the key, the account or the model stays so.
func TestWhatIsNotTheCallers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		want   dataplane.Outcome
	}{
		"key":            {401, `{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, dataplane.AuthFailed},
		"model named so": {404, `{"error":{"message":"The model file-voice does not exist","type":"invalid_request_error","param":null,"code":null}}`, dataplane.ModelNotFound},
		"model first":    {403, `{"error":{"message":"Project p does not have access to model file-voice (see the file permissions)"}}`, dataplane.ModelNotFound},
		"full minute":    {429, `{"error":{"message":"Rate limit reached for m on tokens per min (TPM): Limit 10000, Used 9500, Requested 2000. Please try again in 6s.","code":"rate_limit_exceeded"}}`, dataplane.RateLimited},
		"plain 403":      {403, `{"error":{"message":"Forbidden"}}`, dataplane.AuthFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Status(tc.status, http.Header{}, []byte(tc.body), "file-voice", noon); got.Outcome != tc.want {
				t.Errorf("got %s, want %s (%s)", got.Outcome, tc.want, got.Reason)
			}
		})
	}
}
