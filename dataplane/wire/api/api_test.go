package api

import (
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/messages"
)

func TestTheTable(t *testing.T) {
	t.Parallel()
	if len(Endpoints) > dataplane.MaxEndpoints {
		t.Errorf("%d endpoints, a Load tells only %d apart", len(Endpoints), dataplane.MaxEndpoints)
	}
	names, paths := map[string]bool{}, map[string]bool{}
	for _, f := range Families {
		if f.Name == "" || names[f.Name] || f.Errors == nil || len(f.Endpoints) == 0 {
			t.Errorf("family %q: without a name of its own, error schema or endpoints", f.Name)
		}
		names[f.Name] = true
	}
	for i, e := range Endpoints {
		if paths[e.Path] || e.Number != i || e.Errors == nil || Find(e.Path) != e {
			t.Errorf("%s: number %d at %d, twice: %v", e.Path, e.Number, i, paths[e.Path])
		}
		paths[e.Path] = true
		if e.Lists == nil && e.Value == "" && !e.Media {
			t.Errorf("%s: no answer would be good", e.Path)
		}
		if s := e.Stream; s != nil && !s.Typed && (s.Output == nil || s.Options && s.UsageOnly == nil) {
			t.Errorf("%s: nobody reads its chunks", e.Path)
		}
	}
	if Find("/files") != nil || Find("") != nil {
		t.Error("found an endpoint that is not served")
	}
}

func TestWhatIsElsewhere(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/files": true, "/files/f-1": true, "/filesystem": false, "/responses/r-1/cancel": true, "/chat/completions/c-1": true, "": false, "/nothing": false,
	} {
		if got := IsElsewhere(path); got != want {
			t.Errorf("IsElsewhere(%q) = %v, want %v", path, got, want)
		}
	}
}

func TestErrorsAreWordedByPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]*wire.Errors{
		"/messages": messages.Family.Errors, "/messages/batches": messages.Family.Errors, "/messagesx": wire.OpenAI, "/nothing": wire.OpenAI,
	} {
		if got := ErrorsOf(path); got != want {
			t.Errorf("%s: not its family's errors", path)
		}
	}
}
