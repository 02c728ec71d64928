package adminapi

import (
	"context"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/validation"
	"github.com/trunkline-ai/trunkline/internal/domain/keyword"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	defaultDryRunCalls = 1000
	dryRunPage         = 500 // calls read at a time
	maxDryRunHits      = 100
)

// DryRun tries a failure keyword on the newest calls and on a sample. Of an answer the call
// log keeps what it gave as its reason to fail, so that is what the keyword is tried on.
func (s keywordService) DryRunFailureKeyword(ctx context.Context, req *adminv1.DryRunFailureKeywordRequest) (*adminv1.DryRunFailureKeywordResponse, error) {
	doc := req.GetFailureKeyword()
	if doc == nil {
		return nil, errs.Invalid(errs.Violation{Field: "failure_keyword", Description: "value is required"})
	}
	if err := validation.CheckKeyword(s.live.Current(), doc); err != nil {
		return nil, inRequest(err, doc)
	}
	matcher, err := keyword.Compile(doc.GetKeyword(), doc.GetPattern())
	if err != nil {
		return nil, errs.Invalid(errs.Violation{Field: "failure_keyword", Description: err.Error()})
	}
	res := &adminv1.DryRunFailureKeywordResponse{SampleHit: req.GetSample() != "" && matcher.InSample(req.GetSample())}
	trial := trial{keyword: doc, matcher: matcher}
	left := int(req.GetCalls())
	if left == 0 {
		left = defaultDryRunCalls
	}
	for filter := (calllog.Filter{}); left > 0; {
		filter.Limit = min(left, dryRunPage)
		calls, err := s.calls.ListCalls(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, c := range calls {
			trial.on(c, res)
		}
		if len(calls) < filter.Limit {
			break
		}
		left -= len(calls)
		last := calls[len(calls)-1]
		filter.After = calllog.Position{StartUS: last.GetStartUs(), ID: last.GetId()}
	}
	return res, nil
}

// trial is a keyword being tried on calls.
type trial struct {
	keyword *adminv1.FailureKeyword
	matcher *keyword.Matcher
}

// on tries the keyword on one call: the first attempt it hits makes the hit.
func (t trial) on(c calllog.Call, res *adminv1.DryRunFailureKeywordResponse) {
	res.LookedAt++
	if !within(t.keyword.GetGroups(), c.GetGroup()) {
		return
	}
	for _, a := range c.GetAttempts() {
		text := answerText(a)
		if text == "" || !within(t.keyword.GetProviders(), a.GetProvider()) || !t.inScope(c, a) || !t.matcher.Match(text) {
			continue
		}
		res.HitCount++
		if len(res.Hits) < maxDryRunHits {
			res.Hits = append(res.Hits, &adminv1.KeywordHit{CallId: c.GetId(), Provider: a.GetProvider(), Text: text})
		}
		return
	}
}

// inScope reports whether nodes look for the keyword in such an answer. What failed behind a
// status of 200 is an error as well as an answer or a stream.
func (t trial) inScope(c calllog.Call, a *nodev1.Attempt) bool {
	scopes := t.keyword.GetScopes()
	if within(scopes, "error") {
		return true
	}
	if s := a.GetStatus(); s < 200 || s > 299 {
		return false
	}
	if c.GetStream() {
		return slices.Contains(scopes, "stream")
	}
	return slices.Contains(scopes, "answer")
}

// answerText is what an attempt's record keeps of the upstream's answer: nothing when there
// was none, and behind a failure keyword's hit only what follows the keyword's name.
func answerText(a *nodev1.Attempt) string {
	if a.GetStatus() == 0 || a.GetOutcome() == "ok" {
		return ""
	}
	if a.GetOutcome() == "failure_keyword" {
		_, text, _ := strings.Cut(strings.TrimPrefix(a.GetReason(), "failure keyword "+a.GetKeyword()), ": ")
		return text
	}
	return a.GetReason()
}

// within reports whether an empty filter, or one that names it, lets a name through.
func within(filter []string, name string) bool {
	return len(filter) == 0 || slices.Contains(filter, name)
}
