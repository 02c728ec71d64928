package adminapi_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// hidden lists the fields of md, and of the messages in it, that no answer may hold.
func hidden(md protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) (fields []protoreflect.FullName) {
	if seen[md.FullName()] {
		return nil
	}
	seen[md.FullName()] = true
	for i := range md.Fields().Len() {
		f := md.Fields().Get(i)
		switch {
		case !visibility.Returned(f):
			fields = append(fields, f.FullName())
		case f.Message() != nil:
			fields = append(fields, hidden(f.Message(), seen)...)
		}
	}
	return fields
}

// leaks lists the fields that m, or a message in it, holds although no answer may.
func leaks(m protoreflect.Message) (fields []protoreflect.FullName) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		inner := func(v protoreflect.Value) { fields = append(fields, leaks(v.Message())...) }
		switch {
		case !visibility.Returned(f):
			fields = append(fields, f.FullName())
		case f.IsMap() && f.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool { inner(v); return true })
		case f.IsMap() || f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				inner(v.List().Get(i))
			}
		default:
			inner(v)
		}
		return true
	})
	return fields
}

// asked are requests for the methods whose answers could hold a hidden field, and for those
// that tell in words what changed. Those that are not here are asked with nothing.
func asked() map[string]string {
	const p = `{"name":"main","baseUrl":"https://api.example.com/v1","credentials":[{"name":"main"}],"models":[{"id":"gpt-4o-mini","alias":"mini"}],"maxInFlight":3}`
	return map[string]string{
		"GetProvider":         `{"name":"main"}`,
		"CreateProvider":      `{"provider":{"name":"new","baseUrl":"https://new.example","credentials":[{"name":"c","secret":"` + canaries[1] + `"}],"models":[{"id":"m"}]}}`,
		"UpdateProvider":      `{"provider":` + p + `}`,
		"GetApiKey":           `{"name":"app"}`,
		"CreateApiKey":        `{"apiKey":{"name":"new","secret":"` + canaries[3] + `"}}`,
		"UpdateApiKey":        `{"apiKey":{"name":"app","owner":"x"},"updateMask":"owner"}`,
		"RotateApiKey":        `{"name":"app","overlap":"60s"}`,
		"RevokeApiKey":        `{"name":"new"}`,
		"ApplyConfig":         `{"resources":[{"provider":` + strings.Replace(p, `"maxInFlight":3`, `"maxInFlight":4`, 1) + `}]}`,
		"DiffConfig":          `{"resources":[{"provider":` + p + `},{"apiKey":{"name":"app","secret":"` + canaries[3] + `-2"}}]}`,
		"GetRevision":         `{"revision":"3"}`,
		"DiffRevisions":       `{"from":"1"}`,
		"RollBackConfig":      `{"revision":"4","dryRun":true}`,
		"PreviewImport":       `{"name":"main"}`,
		"FollowImportPreview": `{"preview":{"name":"main"}}`,
		"BreakDownUsage":      `{"by":"USAGE_DIMENSION_GROUP"}`,
		"GetGroup":            `{"name":"pool"}`,
		"UpdateGroup":         `{"group":{"name":"pool"},"updateMask":"aliases"}`,
		"ExplainGroup":        `{"name":"pool"}`,
		"CreateJoinToken":     `{}`,
		"CreateToken":         `{"token":{"name":"made"}}`,

		"GetAlertChannel":    `{"name":"told"}`,
		"CreateAlertChannel": `{"alertChannel":{"name":"new","webhook":{"url":"https://new.example","secret":"` + canaries[4] + `"}}}`,
		"UpdateAlertChannel": `{"alertChannel":{"name":"told","enabled":false},"updateMask":"enabled"}`,

		"GetUser":    `{"name":"` + adminUser + `"}`,
		"CreateUser": `{"user":{"name":"new","role":"ROLE_VIEWER","password":"` + canaries[5] + `"}}`,
		"UpdateUser": `{"user":{"name":"new","role":"ROLE_OPERATOR"},"updateMask":"role"}`,
	}
}

// canaries are the secrets that the server of the test holds.
var canaries = [...]string{
	"sk-upstream-canary-of-a-provider-0123456789",
	"sk-upstream-canary-of-another-provider-9876",
	"own-key-canary-of-an-application-0123456789",
	"own-key-canary-of-another-one-0123456789abc",
	"whsec_Y2FuYXJ5LW9mLWFuLWFsZXJ0LWNoYW5uZWwtMDEyMzQ1Njc4OQ==",
	"password-canary-of-a-user-0123456789",
}

// No field that the protos hide is in an answer of any method, in a stream, an export, a
// difference or a revision; nor is what such a field holds in a text of theirs or in the log.
func TestNoHiddenFieldLeaves(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	p := provider("main")
	p.Credentials[0].Secret = canaries[0]
	c.createProvider(t, p)
	c.createGroup(t, group("pool", "main"))
	c.createKey(t, &adminv1.ApiKey{Name: "app", Groups: []string{"pool"}, Secret: canaries[2]})
	ok(c.keys.RotateApiKey(t.Context(), &adminv1.RotateApiKeyRequest{Name: "app", Overlap: durationpb.New(time.Hour)}))(t)
	e.insert(t, 3, nil)
	told := &adminv1.AlertChannel{Name: "told", Webhook: &adminv1.AlertWebhook{Url: "https://told.example", Secret: canaries[4]}}
	if _, _, err := e.backend.editor.Create(t.Context(), "test", told); err != nil {
		t.Fatal(err)
	}

	// The server does hold what it must not tell.
	held := map[protoreflect.FullName]bool{}
	texts := append([]string{adminPassword}, canaries[:]...)
	for _, kind := range controlplane.Kinds {
		for _, r := range e.backend.live.Current().List(kind) {
			for _, f := range leaks(r.Spec.ProtoReflect()) {
				held[f] = true
			}
			switch doc := r.Spec.(type) {
			case *adminv1.Provider:
				texts = append(texts, doc.GetCredentials()[0].GetSecretRef())
			case *adminv1.ApiKey:
				texts = append(texts, string(doc.GetSecretHash()), string(doc.GetOldSecretHash()))
			}
		}
	}
	for _, f := range []protoreflect.FullName{"Credential.secret_ref", "ApiKey.secret_hash", "ApiKey.old_secret_hash"} {
		if !held["trunkline.admin.v1."+f] {
			t.Fatalf("the server holds no %s", f)
		}
	}

	requests, could := asked(), 0
	for _, m := range methods(t) {
		if m.Name() == "Logout" {
			continue // the others need the session
		}
		request := dynamicpb.NewMessage(m.Input())
		if text := requests[string(m.Name())]; text != "" {
			if err := protojson.Unmarshal([]byte(text), request); err != nil {
				t.Fatalf("%s: %v", m.Name(), err)
			}
			delete(requests, string(m.Name()))
		}
		answers, err := c.answers(t, m, request)
		if may := hidden(m.Output(), map[protoreflect.FullName]bool{}); len(may) > 0 {
			could++
			if err != nil || len(answers) == 0 {
				t.Errorf("%s could hold %v, and did not answer: %v", m.Name(), may, err)
			}
		}
		for _, answer := range answers {
			if fields := leaks(answer.ProtoReflect()); len(fields) > 0 {
				t.Errorf("the answer of %s holds %v", m.Name(), fields)
			}
		}
	}
	if could < 10 || len(requests) > 0 {
		t.Errorf("%d methods could hold a hidden field; no method took %v", could, requests)
	}

	for where, seen := range map[string]string{"answers": e.seen.String(), "log": e.logs.String()} {
		if !strings.Contains(seen, map[string]string{"answers": `"secretHint"`, "log": "action=Login"}[where]) {
			t.Fatalf("nothing was recorded of the %s", where)
		}
		for i, text := range texts {
			for encoding, form := range map[string]string{
				"clear": text, "base64": base64.RawStdEncoding.EncodeToString([]byte(text))[:len(text)], "hex": hex.EncodeToString([]byte(text)),
			} {
				if strings.Contains(seen, form) {
					t.Errorf("text %d is in the %s in %s", i, where, encoding)
				}
			}
		}
	}
}

// answers calls a method and gives its answers: one, or the first few of a stream.
func (c *client) answers(t *testing.T, m protoreflect.MethodDescriptor, request proto.Message) (all []proto.Message, err error) {
	t.Helper()
	spec := connect.Spec{StreamType: connect.StreamTypeUnary, Schema: m, Procedure: procedure(m)}
	if !m.IsStreamingServer() {
		answer := dynamicpb.NewMessage(m.Output())
		if err := c.conn.CallUnary(t.Context(), spec, request, answer); err != nil {
			return nil, err
		}
		return []proto.Message{answer}, nil
	}
	spec.StreamType = connect.StreamTypeServer
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // one that is silent has nothing to tell
	defer cancel()
	stream, err := c.conn.CallServerStream(ctx, spec, request)
	for err == nil && len(all) < 100 {
		answer := dynamicpb.NewMessage(m.Output())
		if err = stream.Receive(answer); err == nil {
			all = append(all, answer)
		}
	}
	return all, nil
}
