package send

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// webhook sends JSON that is signed as standardwebhooks.com says.
type webhook struct {
	url, secret string
}

func webhookOf(t Target) way {
	if t.Channel.GetWebhook() == nil {
		return nil
	}
	return webhook{t.Channel.GetWebhook().GetUrl(), t.Secret}
}

func (w webhook) send(ctx context.Context, v via, m Message) error {
	key, err := controlplane.SigningKey(w.secret)
	if err != nil {
		return faultf("its secret is not the key of a webhook; enter it again")
	}
	body, err := json.Marshal(payloadOf(m))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(v.now().Unix(), 10)
	header := http.Header{}
	header.Set("Webhook-Id", m.ID)
	header.Set("Webhook-Timestamp", at)
	header.Set("Webhook-Signature", "v1,"+signature(key, m.ID, at, body))
	return post(ctx, v, w.url, header, body)
}

// signature is the HMAC of id, time and body: what is signed cannot be sent again later, or
// under another id.
func signature(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// payload is what a webhook is sent; docs/alerts.md describes it.
type payload struct {
	ID      string         `json:"id"`
	Type    string         `json:"type"` // alerts or test
	Time    string         `json:"time"`
	Channel string         `json:"channel"`
	Omitted int            `json:"omitted"`
	Alerts  []payloadAlert `json:"alerts"`
}

type payloadAlert struct {
	ID         string   `json:"id"`
	Event      string   `json:"event"`
	State      string   `json:"state"` // firing or resolved
	Summary    string   `json:"summary"`
	StartTime  string   `json:"start_time"`
	EndTime    string   `json:"end_time,omitempty"`
	Level      int32    `json:"level,omitempty"`
	Provider   string   `json:"provider,omitempty"`
	Model      string   `json:"model,omitempty"`
	Credential string   `json:"credential,omitempty"`
	Group      string   `json:"group,omitempty"`
	APIKey     string   `json:"api_key,omitempty"`
	Node       string   `json:"node,omitempty"`
	Nodes      []string `json:"nodes,omitempty"`
	Groups     []string `json:"groups,omitempty"`
	Reason     string   `json:"reason,omitempty"`

	Cause        string         `json:"cause,omitempty"`
	Count        int32          `json:"count,omitempty"`
	NodeCount    int32          `json:"node_count,omitempty"`
	ExpireTime   string         `json:"expire_time,omitempty"`
	LastSeenTime string         `json:"last_seen_time,omitempty"`
	Revision     uint64         `json:"revision,omitempty"`
	Models       []string       `json:"models,omitempty"`
	Budget       *payloadBudget `json:"budget,omitempty"`
}

type payloadBudget struct {
	Amount string `json:"amount"` // USD
	Period string `json:"period"`
}

func payloadOf(m Message) payload {
	p := payload{ID: m.ID, Type: "alerts", Time: m.At.UTC().Format(time.RFC3339), Channel: m.Channel, Omitted: m.Omitted, Alerts: []payloadAlert{}}
	if m.Test {
		p.Type = "test"
	}
	for _, a := range m.Alerts {
		p.Alerts = append(p.Alerts, payloadAlert{
			ID: a.GetId(), Event: a.GetEvent(), State: stateOf(a), Summary: a.GetSummary(), StartTime: rfc3339(a.GetStartTime()), EndTime: rfc3339(a.GetEndTime()),
			Level: a.GetLevel(), Provider: a.GetProvider(), Model: a.GetModel(), Credential: a.GetCredential(), Group: a.GetGroup(), APIKey: a.GetApiKey(),
			Node: a.GetNode(), Nodes: a.GetNodes(), Groups: a.GetGroups(), Reason: a.GetReason(),
			Cause: causeOf(a), Count: a.GetCount(), NodeCount: a.GetNodeCount(), ExpireTime: rfc3339(a.GetExpireTime()), LastSeenTime: rfc3339(a.GetLastSeenTime()),
			Revision: a.GetRevision(), Models: a.GetModels(), Budget: budgetOf(a),
		})
	}
	return p
}

// causeOf is the cause as docs/alerts.md spells it; empty where an event has only one.
func causeOf(a *adminv1.Alert) string {
	if a.GetCause() == adminv1.AlertCause_ALERT_CAUSE_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(a.GetCause().String(), "ALERT_CAUSE_"))
}

func budgetOf(a *adminv1.Alert) *payloadBudget {
	if a.GetBudget() == nil {
		return nil
	}
	return &payloadBudget{a.GetBudget().GetAmount(), a.GetBudget().GetPeriod()}
}

func stateOf(a *adminv1.Alert) string {
	if a.GetState() == adminv1.AlertState_ALERT_STATE_RESOLVED {
		return "resolved"
	}
	return "firing"
}

func rfc3339(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().UTC().Format(time.RFC3339)
}
