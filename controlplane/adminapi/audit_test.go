package adminapi_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	rolename "github.com/trunkline-ai/trunkline/internal/domain/role"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// events are those of the audit log behind one, oldest first.
func (e *env) events(t *testing.T, after int64) []audit.Event {
	t.Helper()
	return ok(e.backend.log.OldestEvents(t.Context(), audit.Filter{After: after, Limit: 1000}))(t)
}

// newest is the last event.
func (e *env) newest(t *testing.T) audit.Event {
	t.Helper()
	events := e.events(t, 0)
	if len(events) == 0 {
		t.Fatal("nothing is recorded")
	}
	return events[len(events)-1]
}

// Every method that may change something, or gives away what is confidential, leaves exactly one event, whether it is
// refused or not; the others leave none.
func TestEveryMethodIsRecordedAsItDeclares(t *testing.T) {
	t.Parallel()
	readsThatAreRecorded := map[protoreflect.Name]bool{"ExportConfig": true}
	changesNothing := map[protoreflect.Name]bool{"DiffConfig": true, "PreviewImport": true, "PreviewTranslation": true, "FollowImportPreview": true, "TailCalls": true}
	e := start(t)
	c := e.admin(t)
	for _, m := range methods(t) {
		if m.Name() == "Logout" {
			continue // the others need the session
		}
		before := e.newest(t).Sequence
		err := c.invoke(t, m)
		want := 1
		options, _ := m.Options().(*descriptorpb.MethodOptions)
		if options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS && !readsThatAreRecorded[m.Name()] || changesNothing[m.Name()] {
			want = 0
		}
		if rolename.BeforeSignIn(m) {
			want = 0 // the request is no sign-in: it is refused before anybody is named in it
		}
		got := e.events(t, before)
		if len(got) != want {
			t.Errorf("%s left %d events, want %d: %+v", m.Name(), len(got), want, got)
			continue
		}
		if want == 0 {
			continue
		}
		outcome := audit.OK
		if err != nil {
			outcome = connect.CodeOf(err).String()
		}
		if got[0].Action != string(m.Name()) || got[0].Actor != "user:"+adminUser || got[0].Address != "127.0.0.1" || got[0].RequestID == "" || got[0].Outcome != outcome {
			t.Errorf("%s, which ended %s, left %+v", m.Name(), outcome, got[0])
		}
	}
	if report := ok(audit.Verify(t.Context(), e.backend.log, nil))(t); report.Broken != 0 {
		t.Errorf("the chain: %+v", report)
	}
}

func TestEventsSayWhatWasChanged(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) { c.Nodes = nodes{{Name: "n1"}} })
	c := e.admin(t)
	last := e.newest(t)
	if last.Action != "Login" || last.Actor != "user:"+adminUser || last.Outcome != audit.OK {
		t.Errorf("the sign-in is recorded as %+v", last)
	}
	expect := func(what, action, outcome, targets, detail string, revision uint64) {
		t.Helper()
		got := e.newest(t)
		if got.Action != action || got.Outcome != outcome || got.TargetText() != targets || got.Detail != detail || got.Revision != revision {
			t.Errorf("%s is recorded as %+v", what, got)
		}
	}
	p := provider("main")
	created := c.createProvider(t, p)
	expect("a new provider", "CreateProvider", "ok", "Provider/main", "create 1", 1)
	_, err := c.providers.CreateProvider(t.Context(), &adminv1.CreateProviderRequest{Provider: p})
	wantCode(t, err, connect.CodeAlreadyExists)
	expect("one that exists", "CreateProvider", "already_exists", "Provider/main", "", 0)
	created.BaseUrl = ""
	_, err = c.providers.UpdateProvider(t.Context(), &adminv1.UpdateProviderRequest{Provider: created})
	violations(t, err)
	expect("an invalid one", "UpdateProvider", "invalid_argument", "Provider/main", "", 0)
	ok(c.config.ApplyConfig(t.Context(), &adminv1.ApplyConfigRequest{Resources: []*adminv1.Resource{
		resource(group("pool", "main")), resource(&adminv1.ApiKey{Name: "app", Groups: []string{"pool"}}),
	}}))(t)
	expect("an apply", "ApplyConfig", "ok", "Group/pool\nApiKey/app", "create 2", 2)
	ok(c.config.RollBackConfig(t.Context(), &adminv1.RollBackConfigRequest{Revision: 1, DryRun: true}))(t)
	expect("a rehearsal", "RollBackConfig", "ok", "Revision/1", "dry_run", 0)
	ok(c.keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "app"}))(t)
	expect("a revocation", "RevokeApiKey", "ok", "ApiKey/app", "update 1", 3)
	ok(c.nodes.DrainNode(t.Context(), &adminv1.DrainNodeRequest{Name: "n1", Undo: true}))(t)
	expect("an undone drain", "DrainNode", "ok", "Node/n1", "undo", 0)
	ok(c.providers.ResetCooldown(t.Context(), &adminv1.ResetCooldownRequest{Provider: "main"}))(t)
	expect("an ended cooldown", "ResetCooldown", "ok", "Provider/main", "", 0)
	ok(c.settings.UpdateSettings(t.Context(), &adminv1.UpdateSettingsRequest{Settings: &adminv1.Settings{
		Cors: &adminv1.Cors{AllowedOrigins: []string{"https://app.example"}},
	}}))(t)
	expect("settings", "UpdateSettings", "ok", "Settings/settings", "create 1", 4)
	joins := ok(c.nodes.CreateJoinToken(t.Context(), &adminv1.CreateJoinTokenRequest{Node: "n2"}))(t)
	expect("a join token", "CreateJoinToken", "ok", "Node/n2\nJoinToken/"+joins.GetJoinToken().GetId(), "", 0)

	secret := c.bearer(t, "ci")
	expect("a token", "CreateToken", "ok", "Token/ci", "", 0)
	before := e.newest(t).Sequence
	holder := e.client(t, header{"Authorization": "Bearer " + secret})
	ok(holder.session.WhoAmI(t.Context(), &adminv1.WhoAmIRequest{}))(t)
	ok(holder.session.WhoAmI(t.Context(), &adminv1.WhoAmIRequest{}))(t)
	if used := e.events(t, before); len(used) != 1 || used[0].Action != audit.ActionFirstUseOfToken || used[0].Actor != "token:ci" || used[0].TargetText() != "Token/ci" {
		t.Errorf("the first use of a token is recorded as %+v", used)
	}
	ok(c.tokens.DeleteToken(t.Context(), &adminv1.DeleteTokenRequest{Name: "ci"}))(t)
	expect("a deleted token", "DeleteToken", "ok", "Token/ci", "", 0)
	ok(c.session.Logout(t.Context(), &adminv1.LogoutRequest{}))(t)
	expect("a sign-out", "Logout", "ok", "", "", 0)
	for _, event := range e.events(t, 0) {
		for _, secret := range []string{secret, joins.GetSecret(), adminPassword} {
			if strings.Contains(strings.Join([]string{event.TargetText(), event.Detail, event.Actor}, " "), secret) {
				t.Errorf("an event holds a secret: %+v", event)
			}
		}
	}
}

func TestFailedSignInsAreRecorded(t *testing.T) {
	t.Parallel()
	e := start(t)
	stranger := e.client(t, nil)
	wantCode(t, stranger.try(t, adminUser, "wrong"), connect.CodeUnauthenticated)
	wantCode(t, stranger.try(t, adminUser, "wrong again"), connect.CodeUnauthenticated)
	wantCode(t, stranger.try(t, adminPassword, "typed into the wrong field"), connect.CodeUnauthenticated)
	forged := e.client(t, header{"Authorization": "Bearer made-up"})
	for range 3 {
		_, err := forged.session.WhoAmI(t.Context(), &adminv1.WhoAmIRequest{})
		wantCode(t, err, connect.CodeUnauthenticated)
	}
	// Nobody is known to call: nothing is recorded of what they wanted.
	_, err := stranger.tokens.DeleteToken(t.Context(), &adminv1.DeleteTokenRequest{Name: "x"})
	wantCode(t, err, connect.CodeUnauthenticated)
	var got []string
	for _, event := range e.events(t, 0) {
		got = append(got, strings.Join([]string{event.Action, event.Actor, event.Address, event.Outcome, event.Detail}, " "))
	}
	want := []string{
		"Login user:" + adminUser + " 127.0.0.1 unauthenticated wrong_password",
		"Login  127.0.0.1 unauthenticated unknown_user",
		"Authenticate  127.0.0.1 unauthenticated unknown_token",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("recorded:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What cannot be recorded is not given away.
func TestNothingIsReadUnrecorded(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	c.createProvider(t, provider("main"))
	e.backend.log.down.Store(true)
	_, err := c.config.ExportConfig(t.Context(), &adminv1.ExportConfigRequest{})
	if failure := wantCode(t, err, connect.CodeUnavailable); strings.Contains(failure.Error(), "main") {
		t.Errorf("the refusal tells the configuration: %v", failure)
	}
	// A refusal stays what it is.
	_, err = c.tokens.DeleteToken(t.Context(), &adminv1.DeleteTokenRequest{Name: "none"})
	wantCode(t, err, connect.CodeNotFound)
}

func TestAuditEventsAreListedInPages(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		e.clock.Advance(time.Minute)
		c.bearer(t, name)
	}
	list := func(req *adminv1.ListAuditEventsRequest) (*adminv1.ListAuditEventsResponse, error) {
		return c.audit.ListAuditEvents(t.Context(), req)
	}
	filter := &adminv1.AuditFilter{Action: "CreateToken", Actor: "user:" + adminUser, Outcome: "ok"}
	var names []string
	req := &adminv1.ListAuditEventsRequest{PageSize: 2, Filter: filter}
	for {
		res := ok(list(req))(t)
		for _, event := range res.GetEvents() {
			names = append(names, event.GetTargets()...)
		}
		if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	if got := strings.Join(names, " "); got != "Token/e Token/d Token/c Token/b Token/a" {
		t.Errorf("in pages: %s", got)
	}
	one := ok(list(&adminv1.ListAuditEventsRequest{Filter: &adminv1.AuditFilter{Target: "c"}}))(t)
	if len(one.GetEvents()) != 1 || !one.GetEvents()[0].GetEventTime().AsTime().Equal(time.Date(2026, 11, 3, 9, 3, 0, 0, time.UTC)) {
		t.Errorf("events about c: %v", one.GetEvents())
	}
	sequence := one.GetEvents()[0].GetSequence()
	same := ok(list(&adminv1.ListAuditEventsRequest{Filter: &adminv1.AuditFilter{Sequence: sequence}}))(t)
	if len(same.GetEvents()) != 1 || same.GetEvents()[0].GetSequence() != sequence || same.GetNextPageToken() != "" {
		t.Errorf("event %d: %v", sequence, same.GetEvents())
	}
	if none := ok(list(&adminv1.ListAuditEventsRequest{Filter: &adminv1.AuditFilter{Sequence: 4711}}))(t); len(none.GetEvents()) != 0 {
		t.Errorf("an event that is not there: %v", none.GetEvents())
	}
	for _, known := range []string{"CreateProvider", "Login", audit.ActionJoinNode} {
		if !strings.Contains(strings.Join(one.GetActions(), " "), known) {
			t.Errorf("%s is not among the actions %v", known, one.GetActions())
		}
	}
	first := ok(list(&adminv1.ListAuditEventsRequest{PageSize: 1}))(t)
	for want, bad := range map[string]*adminv1.ListAuditEventsRequest{
		"filter.action: names no action that there is; did you mean TestProvider, CreateProvider, DeleteProvider?": {Filter: &adminv1.AuditFilter{Action: "GetProvider"}},
		"filter.outcome: names no outcome that there is; did you mean ok, canceled, unknown?":                      {Filter: &adminv1.AuditFilter{Outcome: "fine"}},
		"filter.end_time: must be after start_time":                                                                {Filter: &adminv1.AuditFilter{StartTime: timestamppb.New(e.clock.Now()), EndTime: timestamppb.New(e.clock.Now())}},
		"filter.target: must not contain NUL characters":                                                           {Filter: &adminv1.AuditFilter{Target: "a\x00"}},
		"page_token: belongs to a list with different filters":                                                     {PageToken: first.GetNextPageToken(), Filter: filter},
		"page_size: must be greater than or equal to 0 and less than or equal to 500":                              {PageSize: 501},
		"filter.sequence: must be greater than or equal to 0":                                                      {Filter: &adminv1.AuditFilter{Sequence: -1}},
	} {
		_, err := list(bad)
		if got := violations(t, err); len(got) != 1 || got[0] != want {
			t.Errorf("violations %q, want %q", got, want)
		}
	}
	for _, token := range []string{"x", first.GetNextPageToken() + "AA", "AAAAAAAAAAAAAAAAAAAAAA"} {
		_, err := list(&adminv1.ListAuditEventsRequest{PageToken: token})
		violations(t, err)
	}
}

func (c *client) exportAudit(t *testing.T, req *adminv1.ExportAuditEventsRequest) string {
	t.Helper()
	stream := ok(c.audit.ExportAuditEvents(t.Context(), req))(t)
	defer stream.Close()
	var file strings.Builder
	for {
		res, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return file.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		file.Write(res.GetData())
	}
}

func TestExportAuditEvents(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	c.bearer(t, "=1+1")
	lines := strings.Split(strings.TrimSuffix(c.exportAudit(t, &adminv1.ExportAuditEventsRequest{}), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("exported %q, want two events", lines)
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(lines[1]), &event); err != nil {
		t.Fatal(err)
	}
	if event["action"] != "CreateToken" || event["sequence"] != "2" || len(event["hash"].(string)) != 64 {
		t.Errorf("the second event is %v", event)
	}
	if got := e.newest(t); got.Action != "ExportAuditEvents" || got.Outcome != audit.OK || got.Sequence != 3 {
		t.Errorf("the export is recorded as %+v", got)
	}
	table := ok(csv.NewReader(strings.NewReader(c.exportAudit(t, &adminv1.ExportAuditEventsRequest{
		Format: adminv1.AuditExportFormat_AUDIT_EXPORT_FORMAT_CSV, Filter: &adminv1.AuditFilter{Action: "CreateToken"},
	}))).ReadAll())(t)
	if len(table) != 2 || table[0][0] != "sequence" || table[1][5] != "CreateToken" || table[1][6] != "Token/=1+1" || table[1][2] != "user:"+adminUser {
		t.Errorf("the table is %q", table)
	}
	if empty := c.exportAudit(t, &adminv1.ExportAuditEventsRequest{Filter: &adminv1.AuditFilter{Target: "nobody"}}); empty != "" {
		t.Errorf("an export of nothing holds %q", empty)
	}
}

func TestVerifyAuditEvents(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	c.bearer(t, "a")
	res := ok(c.audit.VerifyAuditEvents(t.Context(), &adminv1.VerifyAuditEventsRequest{}))(t)
	if !res.GetIntact() || res.GetChecked() != 2 || res.GetFirstSequence() != 1 || res.GetLastSequence() != 2 || len(res.GetLastHash()) != 64 {
		t.Errorf("an untouched log: %v", res)
	}
	noted := &adminv1.VerifyAuditEventsRequest{KnownSequence: 2, KnownHash: res.GetLastHash()}
	if res := ok(c.audit.VerifyAuditEvents(t.Context(), noted))(t); !res.GetIntact() {
		t.Errorf("with the hash that was noted: %v", res)
	}
	other := proto.CloneOf(noted)
	other.KnownHash = strings.Repeat("0", 64)
	if res := ok(c.audit.VerifyAuditEvents(t.Context(), other))(t); res.GetIntact() || res.GetBrokenSequence() != 2 {
		t.Errorf("with another hash: %v", res)
	}
	for _, bad := range []*adminv1.VerifyAuditEventsRequest{{KnownSequence: 2}, {KnownHash: res.GetLastHash()}, {KnownSequence: 2, KnownHash: "xyz"}, {KnownSequence: -1}} {
		_, err := c.audit.VerifyAuditEvents(t.Context(), bad)
		violations(t, err)
	}
	e.backend.log.forged.Store(true)
	res = ok(c.audit.VerifyAuditEvents(t.Context(), &adminv1.VerifyAuditEventsRequest{}))(t)
	if res.GetIntact() || res.GetBrokenSequence() != 1 || res.GetReason() == "" {
		t.Errorf("a changed log: %v", res)
	}
}
