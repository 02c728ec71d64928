package syncing

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func newerSnapshot() *nodev1.Snapshot {
	members := []*nodev1.Member{{Provider: "p", Model: "m"}, {Provider: "new", Model: "n"}}
	return &nodev1.Snapshot{
		Revision:  7,
		Providers: []*nodev1.Provider{{Name: "new", RequiredFeatures: []string{"dialect.new"}}, {Name: "p"}},
		Groups: []*nodev1.Group{
			{Name: "ok", Members: slices.Clone(members)},
			{Name: "new", Aliases: []string{"alias"}, CreateTime: 5, Selection: "new", Members: members, RequiredFeatures: []string{"selection.new", "known"}},
		},
		ApiKeys: []*nodev1.ApiKey{
			{Name: "new", Hash: bytes.Repeat([]byte{1}, 32), Groups: []string{"ok"}, RequestOptions: true, RequiredFeatures: []string{"key.new"}},
			{Name: "ok", Hash: bytes.Repeat([]byte{2}, 32), Groups: []string{"new", "ok"}, RequiredFeatures: []string{"known"}},
		},
		FailureKeywords: []*nodev1.FailureKeyword{{Name: "new", Keyword: "x", RequiredFeatures: []string{"keyword.new"}}, {Name: "ok", Keyword: "y"}},
	}
}

func TestOnlyTheDocumentsThatNeedAMissingFeatureAreWithheld(t *testing.T) {
	t.Parallel()
	s := newerSnapshot()
	refused, err := Withhold(s, feature.Set{"known": true})
	if err != nil {
		t.Fatal(err)
	}
	want := &nodev1.Snapshot{
		Revision:  7,
		Providers: []*nodev1.Provider{{Name: "p"}},
		Groups: []*nodev1.Group{
			{Name: "ok", Members: []*nodev1.Member{{Provider: "p", Model: "m"}}},
			{Name: "new", Aliases: []string{"alias"}, CreateTime: 5, RequiredFeatures: []string{"selection.new"}},
		},
		ApiKeys: []*nodev1.ApiKey{
			{Name: "new", Hash: bytes.Repeat([]byte{1}, 32), RequiredFeatures: []string{"key.new"}},
			{Name: "ok", Hash: bytes.Repeat([]byte{2}, 32), Groups: []string{"new", "ok"}},
		},
		FailureKeywords: []*nodev1.FailureKeyword{{Name: "ok", Keyword: "y"}},
	}
	if diff := cmp.Diff(want, s, protocmp.Transform()); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
	told := []*nodev1.RefusedDocument{
		{Kind: "Provider", Name: "new", MissingFeatures: []string{"dialect.new"}},
		{Kind: "Group", Name: "new", MissingFeatures: []string{"selection.new"}},
		{Kind: "FailureKeyword", Name: "new", MissingFeatures: []string{"keyword.new"}},
		{Kind: "ApiKey", Name: "new", MissingFeatures: []string{"key.new"}},
	}
	if diff := cmp.Diff(told, refused.List, protocmp.Transform()); diff != "" || refused.Count != 4 {
		t.Errorf("%d refused (-want +got):\n%s", refused.Count, diff)
	}
}

func TestANodeThatKnowsAllServesAll(t *testing.T) {
	t.Parallel()
	s, plain := newerSnapshot(), newerSnapshot()
	refused, err := Withhold(s, feature.Set{}.With("known", "dialect.new", "selection.new", "key.new", "keyword.new"))
	if err != nil || refused.Count != 0 || refused.List != nil {
		t.Fatalf("refused %v, %v", refused, err)
	}
	for i, g := range plain.GetGroups() {
		if !proto.Equal(&nodev1.Group{Name: g.GetName(), Aliases: g.GetAliases(), CreateTime: g.GetCreateTime(), Selection: g.GetSelection(), Members: g.GetMembers()}, s.GetGroups()[i]) {
			t.Errorf("group %q is served as %v", g.GetName(), s.GetGroups()[i])
		}
	}
	if len(s.GetApiKeys()) != 2 || !s.GetApiKeys()[0].GetRequestOptions() || s.GetApiKeys()[0].GetRequiredFeatures() != nil {
		t.Errorf("keys %v", s.GetApiKeys())
	}
}

func TestAWholeSnapshotMayRequireAFeature(t *testing.T) {
	t.Parallel()
	_, err := Withhold(&nodev1.Snapshot{RequiredFeatures: []string{"known", "new"}}, feature.Set{"known": true})
	if err == nil || err.Error() != "MISSING_FEATURE: this build of the node lacks what the configuration requires: new; upgrade the node" {
		t.Errorf("%v", err)
	}
}

func TestAReportIsBounded(t *testing.T) {
	t.Parallel()
	s := &nodev1.Snapshot{}
	many := make([]string, 50)
	for i := range 3000 {
		s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: "k", Hash: binary.BigEndian.AppendUint64(make([]byte, 24), uint64(i)), RequiredFeatures: many})
	}
	refused, err := Withhold(s, feature.Set{})
	if err != nil || refused.Count != 3000 || len(refused.List) != maxRefused || len(refused.List[0].GetMissingFeatures()) != maxMissing {
		t.Errorf("%d refused, %d told, %v", refused.Count, len(refused.List), err)
	}
}
