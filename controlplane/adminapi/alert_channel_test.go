package adminapi_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/role"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// alerts are real ones, which may reach receivers on loopback where the channel allows it.
func (e *env) alerts(t *testing.T) *alerts.Alerts {
	t.Helper()
	a, err := alerts.New(alerts.Config{
		Live: e.backend.live, Opener: config.NewOpener(e.backend.live), Store: store.NewAlerts(e.backend.db), Lock: e.backend.db, Sender: send.New(send.Config{Now: e.clock.Now}), Now: e.clock.Now, Logger: e.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var (
	signingSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("canary-canary-canary-key"))
	otherSecret   = "whsec_" + base64.StdEncoding.EncodeToString([]byte("another-canary-of-a-webhook-key"))
)

func webhookChannel(name, url string) *adminv1.AlertChannel {
	return &adminv1.AlertChannel{Name: name, AllowPrivateNetwork: true, Webhook: &adminv1.AlertWebhook{Url: url, Secret: signingSecret}}
}

// receiver answers every request with a status, and counts them.
func receiver(t *testing.T, status int) (url string, came *[]http.Header) {
	t.Helper()
	came = new([]http.Header)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*came = append(*came, r.Header)
		w.WriteHeader(status)
		_, _ = w.Write([]byte("secret-of-the-receiver"))
	}))
	t.Cleanup(s.Close)
	return s.URL, came
}

func TestAlertChannelsKeepTheirSecret(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	url, came := receiver(t, http.StatusNoContent)
	made := ok(c.channels.CreateAlertChannel(ctx, &adminv1.CreateAlertChannelRequest{AlertChannel: webhookChannel("ops", url+"/hook")}))(t).GetAlertChannel()
	if w := made.GetWebhook(); w.GetSecret() != "" || w.GetSecretRef() != "" || w.GetSecretHint() == "" || w.GetSecretSetTime() == nil {
		t.Errorf("the answer has secret %q, hint %q, set at %v", w.GetSecret(), w.GetSecretHint(), w.GetSecretSetTime())
	}
	if made.GetEffectiveDigest().AsDuration() != 30*time.Second {
		t.Errorf("the digest is %s, want 30s", made.GetEffectiveDigest().AsDuration())
	}

	// Another path of the same host keeps the secret; the test message is signed with it.
	made.Webhook.Url, made.Digest, made.EffectiveDigest = url+"/other", durationpb.New(0), durationpb.New(time.Hour)
	made = ok(c.channels.UpdateAlertChannel(ctx, &adminv1.UpdateAlertChannelRequest{AlertChannel: made}))(t).GetAlertChannel()
	if made.GetEffectiveDigest().AsDuration() != 0 {
		t.Errorf("the digest is %s, want 0s", made.GetEffectiveDigest().AsDuration())
	}
	test := ok(c.channels.TestAlertChannel(ctx, &adminv1.TestAlertChannelRequest{Name: "ops"}))(t)
	if !test.GetDelivered() || len(*came) != 1 || (*came)[0].Get("Webhook-Signature") == "" {
		t.Errorf("the test: %v, %d requests came", test, len(*came))
	}

	// Another host does not, whether stored, in a mask, or as a draft.
	elsewhere, stolen := receiver(t, http.StatusOK)
	moved := proto.CloneOf(made)
	moved.Webhook.Url = elsewhere
	want := []string{"alert_channel.webhook.secret: must be given again, because url moves to another place"}
	_, err := c.channels.UpdateAlertChannel(ctx, &adminv1.UpdateAlertChannelRequest{AlertChannel: moved})
	if got := violations(t, err); !slices.Equal(got, want) {
		t.Errorf("an update: %q", got)
	}
	_, err = c.channels.UpdateAlertChannel(ctx, &adminv1.UpdateAlertChannelRequest{AlertChannel: moved, UpdateMask: mask("webhook.url")})
	if got := violations(t, err); !slices.Equal(got, want) {
		t.Errorf("an update with a mask: %q", got)
	}
	_, err = c.channels.TestAlertChannel(ctx, &adminv1.TestAlertChannelRequest{AlertChannel: moved})
	if got := violations(t, err); !slices.Equal(got, want) {
		t.Errorf("a test of a draft: %q", got)
	}
	if len(*stolen) != 0 {
		t.Errorf("%d requests came to another host", len(*stolen))
	}
	moved.Webhook.Secret = otherSecret
	if test := ok(c.channels.TestAlertChannel(ctx, &adminv1.TestAlertChannelRequest{AlertChannel: moved}))(t); !test.GetDelivered() {
		t.Errorf("a draft with a secret of its own: %v", test)
	}

	list := ok(c.channels.ListAlertChannelDeliveries(ctx, &adminv1.ListAlertChannelDeliveriesRequest{Name: "ops"}))(t).GetDeliveries()
	if len(list) != 1 || !list[0].GetTest() || list[0].GetState() != adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT || list[0].GetAttempts() != 1 {
		t.Errorf("deliveries: %v", list)
	}
	exported := ok(c.config.ExportConfig(ctx, &adminv1.ExportConfigRequest{}))(t)
	if got := exported.GetResources()[len(exported.GetResources())-1].GetAlertChannel(); got.GetName() != "ops" || got.GetWebhook().GetSecret() != "" {
		t.Errorf("the export ends with %v", got)
	}
	ok(c.channels.DeleteAlertChannel(ctx, &adminv1.DeleteAlertChannelRequest{Name: "ops"}))(t)
	for sink, text := range map[string]string{"answers": e.seen.String(), "logs": e.logs.String()} {
		for _, canary := range []string{strings.TrimPrefix(signingSecret, "whsec_"), strings.TrimPrefix(otherSecret, "whsec_"), "secret-of-the-receiver"} {
			if strings.Contains(text, canary) {
				t.Errorf("%s hold %q", sink, canary)
			}
		}
	}
}

func TestAlertChannelTestsSayWhatFails(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	failing, _ := receiver(t, http.StatusInternalServerError)
	redirect := httptest.NewServer(http.RedirectHandler(failing, http.StatusTemporaryRedirect))
	t.Cleanup(redirect.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	private := webhookChannel("private", failing)
	private.AllowPrivateNetwork = false
	slack := &adminv1.AlertChannel{Name: "slack", AllowPrivateNetwork: true, Slack: &adminv1.AlertSlack{WebhookUrl: failing + "/services/canary-of-slack"}}
	for want, doc := range map[string]*adminv1.AlertChannel{
		"it answered 500": webhookChannel("a", failing),
		"it redirects (307), which is not followed": webhookChannel("b", redirect.URL),
		"it refuses the connection":                 webhookChannel("c", closed.URL),
		"its address is not allowed: private ones need allow_private_network, and link-local and reserved ones are never": private,
	} {
		test := ok(c.channels.TestAlertChannel(ctx, &adminv1.TestAlertChannelRequest{AlertChannel: doc}))(t)
		if test.GetDelivered() || test.GetError() != want {
			t.Errorf("%s: %v, want %q", doc.GetName(), test, want)
		}
	}
	ok(c.channels.CreateAlertChannel(ctx, &adminv1.CreateAlertChannelRequest{AlertChannel: slack}))(t)
	if test := ok(c.channels.TestAlertChannel(ctx, &adminv1.TestAlertChannelRequest{Name: "slack"}))(t); test.GetError() != "it answered 500" {
		t.Errorf("slack: %v", test)
	}
	failed := ok(c.channels.ListAlertChannelDeliveries(ctx, &adminv1.ListAlertChannelDeliveriesRequest{State: adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_FAILED}))(t).GetDeliveries()
	if len(failed) != 1 || failed[0].GetError() != "it answered 500" {
		t.Errorf("deliveries that failed: %v", failed)
	}
	_, err := c.channels.TestAlertChannel(ctx, &adminv1.TestAlertChannelRequest{Name: "nobody"})
	if connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("a test of nobody: %v", err)
	}
	if strings.Contains(e.seen.String(), "canary-of-slack") || strings.Contains(e.logs.String(), "canary-of-slack") {
		t.Error("the URL of Slack is in an answer or a log")
	}
}

func TestAlertChannelFaultsNameTheirField(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	email := func(adjust func(*adminv1.AlertEmail)) *adminv1.AlertChannel {
		doc := &adminv1.AlertEmail{Host: "smtp.example.com", Username: "u", Password: "p", From: "Trunkline <t@example.com>", To: []string{"ops@example.com"}}
		adjust(doc)
		return &adminv1.AlertChannel{Name: "x", Email: doc}
	}
	webhook := func(url, secret string) *adminv1.AlertChannel {
		return &adminv1.AlertChannel{Name: "x", Webhook: &adminv1.AlertWebhook{Url: url, Secret: secret}}
	}
	for name, tt := range map[string]struct {
		doc  *adminv1.AlertChannel
		want string
	}{
		"no way":            {&adminv1.AlertChannel{Name: "x"}, "alert_channel: set exactly one of webhook, slack and email"},
		"two ways":          {&adminv1.AlertChannel{Name: "x", Slack: &adminv1.AlertSlack{}, Webhook: &adminv1.AlertWebhook{Url: "https://a.example"}}, "alert_channel: set exactly one of webhook, slack and email"},
		"no secret":         {webhook("https://a.example", ""), "alert_channel.webhook.secret: is required: none is stored"},
		"a plain secret":    {webhook("https://a.example", "hunter2hunter2hunter2hunter2"), "alert_channel.webhook.secret: must be whsec_ and the base64 of 24 to 64 random bytes"},
		"a short secret":    {webhook("https://a.example", "whsec_aGk="), "alert_channel.webhook.secret: must be whsec_ and the base64 of 24 to 64 random bytes"},
		"clear http":        {webhook("http://a.example", signingSecret), "alert_channel.webhook.url: must start with https://, except at a loopback address or with allow_private_network"},
		"a password":        {webhook("https://u:p@a.example", signingSecret), "alert_channel.webhook.url: must not contain a user name or password"},
		"another scheme":    {webhook("ftp://a.example", signingSecret), "alert_channel.webhook.url: must start with http:// or https://"},
		"a mark at the end": {webhook("https://a.example/#", signingSecret), "alert_channel.webhook.url: must not contain a fragment"},
		"clear slack":       {&adminv1.AlertChannel{Name: "x", Slack: &adminv1.AlertSlack{WebhookUrl: "http://hooks.slack.com/services/x"}}, "alert_channel.slack.webhook_url: must start with https://, except at a loopback address or with allow_private_network"},
		"no slack":          {&adminv1.AlertChannel{Name: "x", Slack: &adminv1.AlertSlack{}}, "alert_channel.slack.webhook_url: is required: none is stored"},
		"an event":          {&adminv1.AlertChannel{Name: "x", Events: []string{"cooldowns"}, Slack: &adminv1.AlertSlack{WebhookUrl: "https://a.example"}}, "alert_channel.events[0]: must be in list [cooldown, group_unavailable, budget, key_expiring, node_lost, models_gone, drift, import_failing, sign_ins_failing, rollout_held]"},
		"a long digest":     {&adminv1.AlertChannel{Name: "x", Digest: durationpb.New(2 * time.Hour), Slack: &adminv1.AlertSlack{WebhookUrl: "https://a.example"}}, "alert_channel.digest: must be greater than or equal to 0s and less than or equal to 3600s"},
		"no such group":     {&adminv1.AlertChannel{Name: "x", Groups: []string{"chat"}, Slack: &adminv1.AlertSlack{WebhookUrl: "https://a.example"}}, `alert_channel.groups[0]: refers to group "chat", which does not exist`},
		"no password":       {email(func(d *adminv1.AlertEmail) { d.Password = "" }), "alert_channel.email.password: is required: none is stored"},
		"no user":           {email(func(d *adminv1.AlertEmail) { d.Username = "" }), "alert_channel.email.password: must be empty without a username"},
		"a clear server":    {email(func(d *adminv1.AlertEmail) { d.Security = "none" }), "alert_channel.email.security: may be none only with a server at a loopback address"},
		"a host and port":   {email(func(d *adminv1.AlertEmail) { d.Host = "smtp.example.com:25" }), "alert_channel.email.host: must be a host name or an address, without a port"},
		"a bad sender":      {email(func(d *adminv1.AlertEmail) { d.From = "ops" }), "alert_channel.email.from: is not an e-mail address"},
		"a named receiver":  {email(func(d *adminv1.AlertEmail) { d.To = []string{"A <a@example.com>"} }), "alert_channel.email.to[0]: must be an address alone, such as ops@example.com"},
		"a header":          {email(func(d *adminv1.AlertEmail) { d.To = []string{"a@example.com\r\nBcc: b@example.com"} }), "alert_channel.email.to[0]: is not an e-mail address"},
		"two lines":         {email(func(d *adminv1.AlertEmail) { d.Password = "a\nb" }), "alert_channel.email.password: must not contain control characters"},
	} {
		_, err := c.channels.CreateAlertChannel(ctx, &adminv1.CreateAlertChannelRequest{AlertChannel: tt.doc})
		if got := violations(t, err); !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	// Without a user there is nothing to store, and a server on this machine may be spoken to in clear.
	local := email(func(d *adminv1.AlertEmail) { d.Username, d.Password, d.Security, d.Host = "", "", "none", "127.0.0.1" })
	ok(c.channels.CreateAlertChannel(ctx, &adminv1.CreateAlertChannelRequest{AlertChannel: local}))(t)
}

func TestListAlertsAndDeliveries(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	s, now := store.NewAlerts(e.backend.db), e.clock.Now()
	tracked := func(event, subject string, ago time.Duration, over bool) alerts.Tracked {
		a := &adminv1.Alert{Id: event + subject, Event: event, State: adminv1.AlertState_ALERT_STATE_FIRING, StartTime: timestamppb.New(now.Add(-ago))}
		if over {
			a.State, a.EndTime = adminv1.AlertState_ALERT_STATE_RESOLVED, timestamppb.New(now.Add(-ago))
		}
		return alerts.Tracked{Event: event, Subject: subject, Alert: a}
	}
	if err := s.ChangeAlerts(ctx, []alerts.Tracked{
		tracked("budget", "old", 25*time.Hour, true), tracked("budget", "over", time.Hour, true),
		tracked("cooldown", "a", 2*time.Hour, false), tracked("cooldown", "b", time.Hour, false),
	}, nil); err != nil {
		t.Fatal(err)
	}
	list := func(req *adminv1.ListAlertsRequest) (ids []string) {
		res := ok(c.alerts.ListAlerts(ctx, req))(t)
		firing := 0
		for _, a := range res.GetAlerts() {
			ids = append(ids, a.GetId())
			if a.GetEndTime() == nil {
				firing++
			}
		}
		if int(res.GetFiringCount()) != firing {
			t.Errorf("it counts %d firing, want %d", res.GetFiringCount(), firing)
		}
		return ids
	}
	for _, tt := range []struct {
		req  *adminv1.ListAlertsRequest
		want []string
	}{
		{&adminv1.ListAlertsRequest{}, []string{"cooldownb", "cooldowna"}},
		{&adminv1.ListAlertsRequest{WithResolved: true}, []string{"cooldownb", "cooldowna", "budgetover"}},
		{&adminv1.ListAlertsRequest{WithResolved: true, Event: "budget"}, []string{"budgetover"}},
	} {
		if got := list(tt.req); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q, want %q", tt.req, got, tt.want)
		}
	}
	for n := range 5 {
		if err := s.RecordDelivery(ctx, alerts.Delivery{ChannelUID: "u", AlertDelivery: &adminv1.AlertDelivery{
			Id: string(rune('a' + n)), Channel: "ops", CreateTime: timestamppb.New(now), State: adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT,
		}}); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for token := ""; ; {
		res := ok(c.channels.ListAlertChannelDeliveries(ctx, &adminv1.ListAlertChannelDeliveriesRequest{PageSize: 2, PageToken: token}))(t)
		for _, d := range res.GetDeliveries() {
			ids = append(ids, d.GetId())
		}
		if token = res.GetNextPageToken(); token == "" {
			break
		}
	}
	if !slices.Equal(ids, []string{"e", "d", "c", "b", "a"}) {
		t.Errorf("the pages have %q", ids)
	}
	_, err := c.channels.ListAlertChannelDeliveries(ctx, &adminv1.ListAlertChannelDeliveriesRequest{PageToken: "x"})
	if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "page_token:") {
		t.Errorf("a made-up token: %q", got)
	}
}

// What of a webhook's URL may be a secret is for those who may change it: no answer to a viewer holds it, nor tells
// whether a guess is right.
func TestViewersSeeOnlyTheHostOfAWebhook(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin, ctx := e.admin(t), t.Context()
	channel := webhookChannel("told", "https://told.example/canary-one?k=canary-query")
	ok(admin.channels.CreateAlertChannel(ctx, &adminv1.CreateAlertChannelRequest{AlertChannel: channel}))(t)
	for _, url := range []string{"https://told.example/canary-two", "https://else.example/canary-three"} {
		channel.Webhook.Url = url
		ok(admin.channels.UpdateAlertChannel(ctx, &adminv1.UpdateAlertChannelRequest{AlertChannel: channel}))(t)
	}
	viewer := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)
	const guess = `{"resources":[{"alertChannel":{"name":"told","allowPrivateNetwork":true,"webhook":{"url":"https://else.example/%s"}}}]}`
	requests := map[string][]string{
		"GetAlertChannel": {`{"name":"told"}`}, "DiffRevisions": {`{"from":"0"}`, `{"from":"1"}`, `{"from":"2"}`, `{"from":"3","to":"1"}`},
		"GetRevision": {`{"revision":"1"}`, `{"revision":"2"}`, `{"revision":"3"}`},
		"DiffConfig":  {fmt.Sprintf(guess, "canary-three"), fmt.Sprintf(guess, "wrong"), fmt.Sprintf(guess, "...")},
	}
	var hosts int
	for _, m := range methods(t) {
		if role.Required(m) != adminv1.Role_ROLE_VIEWER || m.Name() == "Logout" {
			continue
		}
		for _, text := range append(requests[string(m.Name())], `{}`) {
			request := dynamicpb.NewMessage(m.Input())
			if err := protojson.Unmarshal([]byte(text), request); err != nil {
				t.Fatalf("%s: %v", m.Name(), err)
			}
			answers, _ := viewer.answers(t, m, request)
			for _, answer := range answers {
				seen := protojson.Format(answer)
				if strings.Contains(seen, "canary-") {
					t.Errorf("%s %s answers %s", m.Name(), text, seen)
				}
				if strings.Contains(seen, "https://else.example/...") {
					hosts++
				}
			}
		}
	}
	if hosts < 5 {
		t.Errorf("%d answers have the host of the URL: too few to mean anything", hosts)
	}
	for search, want := range map[string]int{"else.example": 1, "canary": 0} {
		if list := ok(viewer.channels.ListAlertChannels(ctx, &adminv1.ListAlertChannelsRequest{Search: search}))(t); int(list.GetTotalSize()) != want {
			t.Errorf("a search for %q finds %d", search, list.GetTotalSize())
		}
	}
	for _, url := range []string{"canary-three", "wrong", "..."} {
		var request adminv1.DiffConfigRequest
		if err := protojson.Unmarshal([]byte(fmt.Sprintf(guess, url)), &request); err != nil {
			t.Fatal(err)
		}
		if diff := ok(viewer.config.DiffConfig(ctx, &request))(t); diff.GetChanges()[0].GetOperation() != adminv1.Operation_OPERATION_UNCHANGED {
			t.Errorf("a guess of %q: %v", url, diff)
		}
	}

	// Who may change it sees it; what a viewer exported is not taken for a URL.
	operator := e.user(t, admin, "bob", adminv1.Role_ROLE_OPERATOR)
	if got := ok(operator.channels.GetAlertChannel(ctx, &adminv1.GetAlertChannelRequest{Name: "told"}))(t).GetAlertChannel(); got.GetWebhook().GetUrl() != "https://else.example/canary-three" {
		t.Errorf("an operator sees %v", got)
	}
	exported := ok(viewer.config.ExportConfig(ctx, &adminv1.ExportConfigRequest{}))(t)
	_, err := operator.config.ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: exported.GetResources()})
	if got := violations(t, err); len(got) != 1 || !strings.HasSuffix(got[0], "webhook.url: is truncated, as viewers see it: give the whole URL") {
		t.Errorf("applying what a viewer exported: %q", got)
	}
}
