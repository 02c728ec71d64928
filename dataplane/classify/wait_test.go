package classify

import (
	"net/http"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestReadsWaitsInAllForms(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header map[string]string
		body   string
		want   time.Duration // 0: none is named
	}{
		"duration":               {map[string]string{"Retry-After": "30s"}, `{}`, 30 * time.Second},
		"seconds":                {map[string]string{"Retry-After": " 30 "}, `{}`, 30 * time.Second},
		"HTTP date":              {map[string]string{"Retry-After": "Mon, 23 Nov 2026 12:00:40 GMT"}, `{}`, 40 * time.Second},
		"ISO date":               {map[string]string{"Retry-After": "2026-11-23T12:00:41Z"}, `{}`, 41 * time.Second},
		"a date that passed":     {map[string]string{"Retry-After": "2026-11-23T11:00:00Z"}, `{}`, time.Second},
		"nonsense":               {map[string]string{"Retry-After": "soon"}, `{}`, 0},
		"only a sign":            {map[string]string{"Retry-After": "-"}, `{}`, 0},
		"IETF reset":             {map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "25"}, `{}`, 25 * time.Second},
		"IETF budget left":       {map[string]string{"RateLimit-Remaining": "4", "RateLimit-Reset": "25"}, `{}`, 0},
		"IETF one line":          {map[string]string{"RateLimit": "limit=10, remaining=0, reset=26"}, `{}`, 26 * time.Second},
		"IETF policies":          {map[string]string{"RateLimit": `"a";r=0;t=27, "day";r=9;t=600`}, `{}`, 27 * time.Second},
		"Anthropic":              {map[string]string{"Anthropic-Ratelimit-Input-Tokens-Remaining": "0", "Anthropic-Ratelimit-Input-Tokens-Reset": "2026-11-23T12:00:28Z"}, `{}`, 28 * time.Second},
		"Anthropic budget left":  {map[string]string{"Anthropic-Ratelimit-Requests-Remaining": "7", "Anthropic-Ratelimit-Requests-Reset": "2026-11-23T12:00:28Z"}, `{}`, 0},
		"body, in the error":     {nil, `{"error":{"message":"x","retry_after":42}}`, 42 * time.Second},
		"body, top level":        {nil, `{"error":{"message":"x"},"retry_after":42.5}`, 42500 * time.Millisecond},
		"body, alone":            {nil, `{"retry_after":"42s"}`, 42 * time.Second},
		"body, nonsense":         {nil, `{"error":{"message":"x","retry_after":{"a":1}}}`, 0},
		"OpenRouter metadata":    {nil, `{"error":{"message":"x","code":429,"metadata":{"headers":{"X-RateLimit-Limit":"20","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1795435243000"}}}}`, 43 * time.Second},
		"OpenRouter budget left": {nil, `{"error":{"message":"x","code":429,"metadata":{"headers":{"X-RateLimit-Remaining":"3","X-RateLimit-Reset":"1795435243000"}}}}`, 0},
		"ISO date, no zone":      {map[string]string{"Retry-After": "2026-11-23T12:00:41"}, `{}`, 41 * time.Second},
		"date with a space":      {map[string]string{"Retry-After": "2026-11-23 12:00:41"}, `{}`, 41 * time.Second},
		"words":                  {map[string]string{"Retry-After": "2 minutes"}, `{}`, 2 * time.Minute},
		"ISO span":               {map[string]string{"Retry-After": "PT1M30S"}, `{}`, 90 * time.Second},
		"quoted":                 {map[string]string{"Retry-After": `"30"`}, `{}`, 30 * time.Second},
		"sent twice":             {map[string]string{"Retry-After": "30, 30"}, `{}`, 30 * time.Second},
		"a clock":                {map[string]string{"Retry-After": "00:01:30"}, `{}`, 90 * time.Second},
		"negative":               {map[string]string{"Retry-After": "-5s"}, `{}`, 0},
		"Azure":                  {map[string]string{"X-Ms-Retry-After-Ms": "30000"}, `{}`, 30 * time.Second},
		"Cerebras":               {map[string]string{"X-Ratelimit-Remaining-Tokens-Minute": "0", "X-Ratelimit-Reset-Tokens-Minute": "30.5", "X-Ratelimit-Remaining-Requests-Day": "9", "X-Ratelimit-Reset-Requests-Day": "5000"}, `{}`, 30500 * time.Millisecond},
		"Mistral":                {map[string]string{"Ratelimitbysize-Remaining": "0", "Ratelimitbysize-Reset": "30"}, `{}`, 30 * time.Second},
		"a subscription":         {map[string]string{"Anthropic-Ratelimit-Unified-Status": "rejected", "Anthropic-Ratelimit-Unified-Reset": "1795435230"}, `{}`, 30 * time.Second},
		"a subscription left":    {map[string]string{"Anthropic-Ratelimit-Unified-Status": "allowed", "Anthropic-Ratelimit-Unified-Reset": "1795435230"}, `{}`, 0},
		"body, in seconds":       {nil, `{"error":{"message":"x","retry_after_seconds":42}}`, 42 * time.Second},
		"body, in milliseconds":  {nil, `{"error":{"message":"x","retryAfterMs":"42000"}}`, 42 * time.Second},
		"body, in the details":   {nil, `{"error":{"message":"x","details":{"retryAfter":42}}}`, 42 * time.Second},
		"body, Codex":            {nil, `{"error":{"message":"x","resets_at":1795435242}}`, 42 * time.Second},
		"text, a clock":          {nil, `{"error":{"message":"The limit resets in 00:01:30."}}`, 90 * time.Second},
		"text, a moment":         {nil, `{"error":{"message":"Limit will reset at 2026-11-23 12:00:41 UTC"}}`, 41 * time.Second},
		"text, until":            {nil, `{"error":{"message":"Rate limited until 2026-11-23T12:00:41Z"}}`, 41 * time.Second},
		"text, with a colon":     {nil, `{"error":{"message":"Rate limit exceeded. Retry after: 30s"}}`, 30 * time.Second},
		"text, Japanese":         {nil, `{"error":{"message":"30秒後に再試行してください"}}`, 30 * time.Second},
		"text, Korean":           {nil, `{"error":{"message":"2분 후에 다시 시도하세요"}}`, 2 * time.Minute},
		"text, Chinese":          {nil, `{"error":{"message":"请求过于频繁，请在2分钟后重试"}}`, 2 * time.Minute},
		"text, a window":         {nil, `{"error":{"message":"您的账户在24小时内的请求数已达上限"}}`, 0},
		"text, Japanese window":  {nil, `{"error":{"message":"1日以内に100回"}}`, 0},
		"text, Korean window":    {nil, `{"error":{"message":"요청 한도 1일 이내 100회"}}`, 0},
		"text, within":           {nil, `{"error":{"message":"请在30秒内重试"}}`, 30 * time.Second},
		"text, quoted":           {nil, `{"error":{"message":"Flagged, your prompt: 'please wait 365 days'"}}`, 0},
		"text, behind a quote":   {nil, `{"error":{"message":"You've used all of 'gpt-x'. Please try again in 20s."}}`, 20 * time.Second},
		"header before body":     {map[string]string{"Retry-After": "3"}, `{"error":{"message":"x","retry_after":42}}`, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			for k, v := range tc.header {
				h.Set(k, v)
			}
			got := Status(http.StatusTooManyRequests, h, []byte(tc.body), "m", noon)
			want := dataplane.RateLimited
			if tc.want == 0 {
				want = dataplane.Busy
			}
			if got.Outcome != want || got.Wait != tc.want {
				t.Errorf("%s for %s, want %s for %s", got.Outcome, got.Wait, want, tc.want)
			}
		})
	}
}
