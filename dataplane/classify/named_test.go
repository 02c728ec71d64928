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
		"Anthropic beta":           {403, `{"type":"error","error":{"type":"permission_error","message":"This organization does not have access to the beta context-1m."}}`, dataplane.Unsupported},
		"container like the model": {404, `{"error":{"message":"Container with id 'm' not found.","type":"invalid_request_error","param":null,"code":null}}`, dataplane.NotFound},
		"file like the model":      {404, `{"type":"error","error":{"type":"not_found_error","message":"File not found: m"}}`, dataplane.NotFound},
		"token of a tool":          {401, `{"error":{"message":"The token is not valid","type":"invalid_request_error","param":"tools[0].authorization","code":"invalid_token"}}`, dataplane.BadRequest},
		"more than a minute":       {429, `{"error":{"message":"Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 40000.","type":"tokens","code":"rate_limit_exceeded"}}`, dataplane.Unsupported},
		"requested above limit":    {429, `{"error":{"message":"Tokens per minute exceeded: Requested 9000 > Limit 6000","code":"rate_limit_exceeded"}}`, dataplane.Unsupported},
		"Groq's 413":               {413, `{"error":{"message":"Rate limit for model m on TPM: Limit 6000, Requested 9000","type":"tokens","code":"rate_limit_exceeded"}}`, dataplane.Unsupported},
		"a limit of uploads":       {429, `{"error":{"message":"Too many file uploads. Please retry after 60 seconds","code":"rate_limit_exceeded"}}`, dataplane.Busy},
		"a limit of the end user":  {429, `{"error":{"message":"Rate limit reached for end user 'alice'","code":"rate_limit_exceeded"}}`, dataplane.Busy},
		"web search":               {429, `{"error":{"message":"Rate limit reached for web_search","code":"rate_limit_exceeded"}}`, dataplane.Busy},
		"token of an MCP server":   {401, `{"error":{"message":"Authentication failed for MCP server 'files'","type":"authentication_error"}}`, dataplane.BadRequest},
		"token of a connector":     {401, `{"error":{"message":"The connector's token expired","code":"token_expired"}}`, dataplane.BadRequest},
		"prompt like the model":    {404, `{"error":{"message":"Prompt with id 'm' not found."}}`, dataplane.NotFound},
		"batch like the model":     {404, `{"error":{"message":"Batch m not found"}}`, dataplane.NotFound},
		"flex tier":                {429, `{"error":{"message":"Flex processing has no capacity for this request. Please retry after 60 seconds","code":"resource_unavailable"}}`, dataplane.Busy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if tc.status == 429 || tc.status == 413 {
				h.Set("Retry-After", "60")
			}
			got := Status(tc.status, h, []byte(tc.body), "m", noon)
			if got.Outcome != tc.want || got.Wait != 0 && !got.Uncounted || got.Outcome.Rule().Hold != 0 {
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

// What may be one caller's doing, or may be the key's or the model's fault, waits for a second caller;
// what is unmistakable does not.
func TestWhatIsUnmistakable(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		want   dataplane.Outcome
		sure   bool
	}{
		"code of the key":            {401, `{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}`, dataplane.AuthFailed, true},
		"words of the key":           {401, `{"error":"Invalid API key"}`, dataplane.AuthFailed, true},
		"Anthropic's key":            {401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`, dataplane.AuthFailed, true},
		"Gemini's key":               {400, `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`, dataplane.AuthFailed, true},
		"bare 401":                   {401, ``, dataplane.AuthFailed, false},
		"any 401":                    {401, `{"error":{"message":"Unauthorized"}}`, dataplane.AuthFailed, false},
		"a token":                    {401, `{"error":{"message":"The token is not valid","code":"invalid_token"}}`, dataplane.AuthFailed, false},
		"bare 403":                   {403, ``, dataplane.AuthFailed, false},
		"any 403":                    {403, `{"error":{"message":"Forbidden"}}`, dataplane.AuthFailed, false},
		"region":                     {403, `{"error":{"message":"Country not supported","code":"unsupported_country_region_territory"}}`, dataplane.AuthFailed, true},
		"firewall":                   {403, `<html><title>Blocked</title></html>`, dataplane.BadBody, false},
		"permission":                 {403, `{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}`, dataplane.ModelNotFound, false},
		"no access to the model":     {403, `{"error":{"message":"Project p does not have access to model m"}}`, dataplane.ModelNotFound, true},
		"model by code":              {404, `{"error":{"message":"no","code":"model_not_found"}}`, dataplane.ModelNotFound, true},
		"model by words":             {404, `{"object":"error","message":"The model 'm' does not exist.","type":"NotFoundError","code":404}`, dataplane.ModelNotFound, true},
		"Anthropic's model":          {404, `{"type":"error","error":{"type":"not_found_error","message":"model: m"}}`, dataplane.ModelNotFound, true},
		"OpenRouter's model":         {400, `{"error":{"message":"m is not a valid model ID","code":400}}`, dataplane.ModelNotFound, true},
		"something like the model":   {404, `{"error":{"message":"Widget m not found"}}`, dataplane.ModelNotFound, false},
		"something by Anthropic":     {404, `{"type":"error","error":{"type":"not_found_error","message":"widget m"}}`, dataplane.ModelNotFound, false},
		"quota by code":              {429, `{"error":{"message":"no","code":"insufficient_quota"}}`, dataplane.QuotaExhausted, true},
		"quota of the owner":         {429, `{"error":{"message":"You have reached your 5-hour usage limit."}}`, dataplane.QuotaExhausted, true},
		"quota of somebody":          {429, `{"error":{"message":"alice has reached the monthly usage limit"}}`, dataplane.QuotaExhausted, false},
		"payment":                    {402, `{"error":{"message":"Payment required"}}`, dataplane.QuotaExhausted, true},
		"spent key":                  {403, `{"error":{"message":"Key limit exceeded (daily limit)","code":403}}`, dataplane.QuotaExhausted, true},
		"a server's error is nobody": {500, `{"error":{"message":"oops"}}`, dataplane.ServerError, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Status(tc.status, http.Header{}, []byte(tc.body), "m", noon); got.Outcome != tc.want || got.Unconfirmed == tc.sure {
				t.Errorf("got %s, unconfirmed %v; want %s, %v (%s)", got.Outcome, got.Unconfirmed, tc.want, !tc.sure, got.Reason)
			}
		})
	}
}
