package adminapi_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestGapsAreShownPageByPage(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	begin := time.UnixMicro(callsBegin)
	for i := range 10 {
		gap := &nodev1.Gap{
			Id: fmt.Sprintf("gap-%d", i), FromUs: callsBegin + int64(i)*1e6, ToUs: callsBegin + int64(i)*1e6 + 5, Calls: int64(i + 1),
			Reason: "spool_full", Summed: i != 3,
		}
		if _, err := e.backend.gaps.InsertTotals(t.Context(), []string{"a", "b"}[i%2], nil, []*nodev1.Gap{gap}); err != nil {
			t.Fatal(err)
		}
	}
	ids := func(req *adminv1.ListGapsRequest) (ids []string) {
		req.PageSize = 3
		for {
			res := ok(c.calls.ListGaps(t.Context(), req))(t)
			for _, g := range res.GetGaps() {
				ids = append(ids, g.GetId())
			}
			if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
				return ids
			}
		}
	}
	if got := ids(&adminv1.ListGapsRequest{}); len(got) != 10 || got[0] != "gap-9" || got[9] != "gap-0" {
		t.Errorf("all gaps: %v", got)
	}
	if got := ids(&adminv1.ListGapsRequest{Node: "b", StartTime: timestamppb.New(begin.Add(2 * time.Second)), EndTime: timestamppb.New(begin.Add(8 * time.Second))}); !slices.Equal(got, []string{"gap-7", "gap-5", "gap-3"}) {
		t.Errorf("gaps of node b from second 2 to 8: %v", got)
	}
	all := ok(c.calls.ListGaps(t.Context(), &adminv1.ListGapsRequest{}))(t).GetGaps()
	if g := all[6]; g.GetId() != "gap-3" || g.GetNode() != "b" || g.GetCalls() != 4 || g.GetReason() != "spool_full" || g.GetSummed() ||
		!g.GetStartTime().AsTime().Equal(begin.Add(3*time.Second)) || !g.GetEndTime().AsTime().Equal(begin.Add(3*time.Second+5*time.Microsecond)) {
		t.Errorf("gap 3 is shown as %v", g)
	}
	token := ok(c.calls.ListGaps(t.Context(), &adminv1.ListGapsRequest{PageSize: 1}))(t).GetNextPageToken()
	for name, req := range map[string]*adminv1.ListGapsRequest{
		"a token of other filters": {PageToken: token, Node: "a"},
		"a token of another list":  {PageToken: ok(c.calls.ListRefused(t.Context(), &adminv1.ListRefusedRequest{}))(t).GetNextPageToken() + "x"},
		"no token at all":          {PageToken: "###"},
		"NUL":                      {Node: "\x00"},
		"a node that never was":    {Node: "node-9"},
		"end before start":         {StartTime: timestamppb.New(begin), EndTime: timestamppb.New(begin)},
		"a page too large":         {PageSize: 1001},
		"a page below zero":        {PageSize: -1},
	} {
		if _, err := c.calls.ListGaps(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v, want invalid_argument", name, err)
		}
	}
}

func TestRefusedRecordsAreShown(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	var records []calllog.Refused
	for i := range 5 {
		records = append(records, calllog.Refused{
			ID: fmt.Sprintf("id-%d", i), Kind: calllog.RefusedTotal, Node: "a", At: time.UnixMicro(callsBegin + int64(i)), Reason: "why", Record: []byte("r"),
		})
	}
	if err := e.backend.gaps.PutAside(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for req := (&adminv1.ListRefusedRequest{PageSize: 2}); ; {
		res := ok(c.calls.ListRefused(t.Context(), req))(t)
		for _, r := range res.GetRefused() {
			ids = append(ids, r.GetId())
			if r.GetKind() != "total" || r.GetNode() != "a" || r.GetReason() != "why" || r.GetRefuseTime().AsTime().UnixMicro() < callsBegin {
				t.Errorf("shown %v", r)
			}
		}
		if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	if !slices.Equal(ids, []string{"id-4", "id-3", "id-2", "id-1", "id-0"}) {
		t.Errorf("refused records %v", ids)
	}
	if _, err := c.calls.ListRefused(t.Context(), &adminv1.ListRefusedRequest{PageToken: "###"}); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a bad token: %v", err)
	}
}

func TestClockOfACallIsShown(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	e.insert(t, 2, func(i int, call *nodev1.Call) {
		call.ClockAheadUs = []int64{0, -86_400_000_000}[i]
	})
	if got := ok(c.calls.GetCall(t.Context(), &adminv1.GetCallRequest{Id: callID(0)}))(t).GetCall().GetClockAhead(); got != nil {
		t.Errorf("a clock that is right is shown as %v ahead", got)
	}
	if got := ok(c.calls.GetCall(t.Context(), &adminv1.GetCallRequest{Id: callID(1)}))(t).GetCall().GetClockAhead().AsDuration(); got != -24*time.Hour {
		t.Errorf("a clock a day behind is shown as %v ahead", got)
	}
}
