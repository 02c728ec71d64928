package fieldflag_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/typepb"

	"github.com/trunkline-ai/trunkline/cli/fieldflag"
	"github.com/trunkline-ai/trunkline/cli/proc"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// docs are comments as the protos have them.
var docs = map[protoreflect.FullName]string{
	"trunkline.admin.v1.Call.model": "What the client named in `model`.",
}

// parse binds the flags of m to a command, parses args and lays them over m.
func parse(t *testing.T, m proto.Message, stdin string, args ...string) error {
	t.Helper()
	env := &proc.Env{
		Stdin: strings.NewReader(stdin), Stdout: io.Discard, Stderr: io.Discard,
		LookupEnv: func(name string) (string, bool) { return "from-env", name == "KEY" },
		Now:       func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) },
	}
	cmd := &cobra.Command{Use: "test"}
	set := fieldflag.Bind(cmd, m.ProtoReflect().Type(), fieldflag.Options{
		Env: env, Doc: func(f protoreflect.FieldDescriptor) string { return docs[f.FullName()] },
	})
	if err := cmd.ParseFlags(args); err != nil {
		return err
	}
	if set.Given() != (len(args) > 0) {
		t.Errorf("Given() = %v with %d arguments", set.Given(), len(args))
	}
	return set.Apply(m.ProtoReflect())
}

func TestApply(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		args  []string
		stdin string
		into  proto.Message // what is there before
		want  string        // prototext of the same type
	}{
		{"scalars", []string{"--name", "a", "--max-in-flight=7", "--allow-private-network"}, "", &adminv1.Provider{},
			`name:"a" max_in_flight:7 allow_private_network:true`},
		{"optional bool off is not the same as not given", []string{"--enabled=false"}, "", &adminv1.Provider{}, `enabled:false`},
		{"what is not given stays", []string{"--dialect", "fake"}, "",
			&adminv1.Provider{Name: "a", BaseUrl: "https://x"}, `name:"a" base_url:"https://x" dialect:"fake"`},
		{"nested fields are dotted", []string{"--timeouts.connect", "1500ms", "--timeouts.first-token=2m"}, "", &adminv1.Provider{},
			`timeouts:{connect:{seconds:1 nanos:500000000} first_token:{seconds:120}}`},
		{"nested fields beside present ones", []string{"--policy.max-attempts=3"}, "",
			&adminv1.Group{Policy: &adminv1.FailoverPolicy{FailureThreshold: new(int32(9))}},
			`policy:{failure_threshold:9 max_attempts:3}`},
		{"lists by comma and repetition replace", []string{"--groups", "a,b", "--groups", "c"}, "",
			&adminv1.ApiKey{Groups: []string{"old"}}, `groups:"a" groups:"b" groups:"c"`},
		{"a comma and a backslash inside a value", []string{"--groups", `a\,b,c\\d,e\f`}, "", &adminv1.ApiKey{},
			`groups:"a,b" groups:"c\\d" groups:"e\\f"`},
		{"maps", []string{"--headers", "x-a=1,x-b=2=3", "--headers", "x-c="}, "",
			&adminv1.Provider{Headers: map[string]string{"old": "1"}},
			`headers:{key:"x-a" value:"1"} headers:{key:"x-b" value:"2=3"} headers:{key:"x-c" value:""}`},
		{"messages in compact form", []string{"--member", "provider=p,model=m/1,priority=2,enabled=false", "--member=provider=q,model=n,weight=3"}, "",
			&adminv1.Group{Members: []*adminv1.Member{{Provider: "old"}}},
			`members:{provider:"p" model:"m/1" priority:2 enabled:false} members:{provider:"q" model:"n" weight:3}`},
		{"nested keys with dashes or underscores", []string{"--model", "id=a,price.input=0.15,price.cached-input=0.01,price.per_call=1,context-window=8"}, "", &adminv1.Provider{},
			`models:{id:"a" price:{input:"0.15" cached_input:"0.01" per_call:"1"} context_window:8}`},
		{"secret on the command line", []string{"--secret", "sk-12345"}, "", &adminv1.ApiKey{}, `secret:"sk-12345"`},
		{"secret from stdin", []string{"--secret", "-"}, "from-stdin\n", &adminv1.ApiKey{}, `secret:"from-stdin"`},
		{"secret from the environment", []string{"--secret-env", "KEY"}, "", &adminv1.ApiKey{}, `secret:"from-env"`},
		{"secrets inside a compact form", []string{"--credential", "name=a,secret=-", "--credential", "name=b,secret-env=KEY"}, "from-stdin\r\n", &adminv1.Provider{},
			`credentials:{name:"a" secret:"from-stdin"} credentials:{name:"b" secret:"from-env"}`},
		{"times, in any zone", []string{"--expire-time", "2027-01-31T02:00:00+02:00"}, "", &adminv1.ApiKey{}, `expire_time:{seconds:1801353600}`},
		{"times relative to now", []string{"--start-time", "-1h", "--end-time=+30m"}, "", &adminv1.ListCallsRequest{},
			`filter:{start_time:{seconds:1795431600} end_time:{seconds:1795437000}}`},
		{"empty unsets a scalar", []string{"--enabled=", "--base-url="}, "", &adminv1.Provider{Enabled: new(false), BaseUrl: "x"}, ``},
		{"empty unsets lists and maps", []string{"--headers=", "--credential="}, "",
			&adminv1.Provider{Headers: map[string]string{"a": "b"}, Credentials: []*adminv1.Credential{{Name: "a"}}}, ``},
		{"empty unsets a nested field and makes no empty message", []string{"--policy.cooldown="}, "", &adminv1.Group{}, ``},
		{"empty in between starts over", []string{"--groups=a", "--groups=", "--groups=b"}, "", &adminv1.ApiKey{}, `groups:"b"`},
		{"the last of a repeated scalar counts", []string{"--name=a", "--name=b"}, "", &adminv1.ApiKey{}, `name:"b"`},
		{"enum by short or full name", []string{"--kind=type-bool", "--cardinality=CARDINALITY_REPEATED"}, "", &typepb.Field{},
			`kind:TYPE_BOOL cardinality:CARDINALITY_REPEATED`},
		{"fractions", []string{"--policy.min-ratio=0.25"}, "", &adminv1.Group{}, `policy:{min_ratio:0.25}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want := tc.into.ProtoReflect().New().Interface()
			if err := prototext.Unmarshal([]byte(tc.want), want); err != nil {
				t.Fatal(err)
			}
			if err := parse(t, tc.into, tc.stdin, tc.args...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, tc.into, protocmp.Transform()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		into  proto.Message
		args  []string
		stdin string
		want  string
	}{
		{"output only", &adminv1.Provider{}, []string{"--uid", "x"}, "", "unknown flag: --uid"},
		{"bytes", &adminv1.ApiKey{}, []string{"--secret-hash", "x"}, "", "unknown flag: --secret-hash"},
		{"output only in a compact form", &adminv1.Provider{}, []string{"--credential", "name=a,secret-hint=x"}, "", `unknown key "secret-hint"; known keys: name, secret, secret-env, secret-file, enabled`},
		{"internal in a compact form", &adminv1.Provider{}, []string{"--credential", "secret_ref=x"}, "", `unknown key "secret_ref"`},
		{"unknown key", &adminv1.Group{}, []string{"--member", "provder=a"}, "", `unknown key "provder"`},
		{"a message is no value", &adminv1.Provider{}, []string{"--model", "price=1"}, "", `unknown key "price"`},
		{"a key inside no message", &adminv1.Provider{}, []string{"--model", "id.x=1"}, "", `unknown key "id.x"`},
		{"env of what is no secret", &adminv1.Provider{}, []string{"--credential", "name-env=KEY"}, "", `unknown key "name-env"`},
		{"no equals sign", &adminv1.Group{}, []string{"--member", "provider=a,model"}, "", "part 2 is not key=value"},
		{"map without key", &adminv1.Provider{}, []string{"--headers", "x-a"}, "", `"x-a" is not key=value`},
		{"bool", &adminv1.Provider{}, []string{"--enabled=yes"}, "", `"yes" is neither true nor false`},
		{"int", &adminv1.Provider{}, []string{"--max-in-flight=1.5"}, "", `"1.5" is not a whole number`},
		{"int out of range", &adminv1.Provider{}, []string{"--max-in-flight=3000000000"}, "", "out of range"},
		{"number inside", &adminv1.Group{}, []string{"--member", "priority=x"}, "", `priority: "x" is not a whole number`},
		{"fraction", &adminv1.Group{}, []string{"--policy.min-ratio=half"}, "", `"half" is not a number`},
		{"duration without unit", &adminv1.Group{}, []string{"--policy.cooldown=30"}, "", `"30" is not a duration`},
		{"time without sign", &adminv1.ListCallsRequest{}, []string{"--start-time=5m"}, "", `"5m" is not a time`},
		{"enum", &typepb.Field{}, []string{"--cardinality=some"}, "", `"some" is none of optional, required, repeated`},
		{"empty stdin", &adminv1.ApiKey{}, []string{"--secret=-"}, "\n", "--secret: nothing on stdin"},
		{"stdin twice", &adminv1.Provider{}, []string{"--credential=secret=-", "--credential=secret=-"}, "x", "stdin is already read by --credential secret"},
		{"unset variable", &adminv1.ApiKey{}, []string{"--secret-env=NOPE"}, "", "environment variable NOPE is not set"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := parse(t, tc.into, tc.stdin, tc.args...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestSecretPieceIsNotRepeated: an unescaped comma in a secret makes a part of
// it look like a malformed key.
func TestSecretPieceIsNotRepeated(t *testing.T) {
	t.Parallel()
	cmd := &cobra.Command{Use: "test"}
	fieldflag.Bind(cmd, (&adminv1.Provider{}).ProtoReflect().Type(), fieldflag.Options{
		Env: &proc.Env{}, Doc: func(f protoreflect.FieldDescriptor) string { return docs[f.FullName()] },
	})
	f := cmd.Flags().Lookup("credential")
	err := f.Value.Set("name=a,secret=first,topsecret")
	if err == nil || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("error is %v, want one without the piece", err)
	}
	if got := f.Value.String(); got != "" {
		t.Errorf("the flag shows %q", got)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	cmd := &cobra.Command{Use: "test"}
	fieldflag.Bind(cmd, (&adminv1.Group{}).ProtoReflect().Type(), fieldflag.Options{
		Env: &proc.Env{}, Doc: func(f protoreflect.FieldDescriptor) string { return "What the `client` names." },
		Skip: func(f protoreflect.FieldDescriptor) bool { return f.Name() == "name" },
	})
	help := cmd.Flags().FlagUsages()
	for _, want := range []string{
		"--member key=value,...", "Keys: provider, model, priority, weight, enabled.",
		"--aliases strings", "--policy.cooldown duration", "What the 'client' names.",
	} {
		if !strings.Contains(help, want) {
			t.Errorf("help lacks %q:\n%s", want, help)
		}
	}
	if strings.Contains(help, "--name") {
		t.Errorf("help has the skipped --name:\n%s", help)
	}
}
