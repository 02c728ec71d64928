package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/pluginpb"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden runs the plugin on testdata/sample.proto, which holds what is
// easy to get wrong: comments of several lines and with quotes, streams both
// ways, a message inside itself, maps, and a method that is not about the
// service's own noun. sample.txtpb is that file as `buf build` gives it, with
// only the leading comments kept.
func TestGolden(t *testing.T) {
	t.Parallel()
	got := run(t, "testdata/sample.txtpb")
	for name, content := range got {
		golden := filepath.Join("testdata", filepath.Base(name)+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatalf("golden file of %s: %v", name, err)
		}
		if diff := cmp.Diff(string(want), content); diff != "" {
			t.Errorf("%s differs from its golden file (-want +got):\n%s", name, diff)
		}
	}
	if len(got) != 2 {
		t.Errorf("wrote %d files, want sample/v1/samplev1cli/{sample,services}.cli.go", len(got))
	}
}

// run gives the files that the plugin writes for one proto file, by name.
func run(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sample := &descriptorpb.FileDescriptorProto{}
	if err := prototext.Unmarshal(text, sample); err != nil {
		t.Fatal(err)
	}
	sample.Options = &descriptorpb.FileOptions{GoPackage: new("example.com/gen/sample/v1;samplev1")}
	plugin, err := protogen.Options{}.New(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{sample.GetName()},
		Parameter:      new("paths=source_relative"),
		ProtoFile: []*descriptorpb.FileDescriptorProto{
			protodesc.ToFileDescriptorProto(durationpb.File_google_protobuf_duration_proto), sample,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := generate(plugin); err != nil {
		t.Fatal(err)
	}
	resp := plugin.Response()
	if resp.Error != nil {
		t.Fatal(resp.GetError())
	}
	files := map[string]string{}
	for _, f := range resp.File {
		files[f.GetName()] = f.GetContent()
	}
	return files
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ service, method, want string }{
		{"ProviderService", "ListProviders", "providers list"},
		{"KeyService", "CreateApiKey", "keys create"},
		{"KeywordService", "GetFailureKeyword", "keywords get"},
		{"SettingsService", "GetSettings", "settings get"},
		{"NodeService", "CreateJoinToken", "nodes create-join-token"},
		{"ProviderService", "ResetCooldown", "providers reset-cooldown"},
		{"ProviderService", "ListProviderHealth", "providers health"},
		{"ProviderService", "ListImports", "providers list-imports"},
		{"GroupService", "ExplainGroups", "groups explain"},
		{"KeywordService", "DryRunFailureKeyword", "keywords dry-run"},
		{"CallService", "GetCallBody", "calls get-call-body"},
		{"UsageService", "SummarizeUsage", "usage summarize"},
		{"UsageService", "BreakDownUsage", "usage break-down"},
		{"UsageService", "BreakDownAttempts", "usage break-down-attempts"},
		{"UsageService", "GetUsageSeries", "usage series"},
		{"UsageService", "GetAttemptSeries", "usage attempt-series"},
		{"NodeService", "Drain", "nodes drain"},
	} {
		if got := strings.Join([]string{serviceUse(tc.service), methodUse(tc.service, tc.method)}, " "); got != tc.want {
			t.Errorf("%s.%s is %q, want %q", tc.service, tc.method, got, tc.want)
		}
	}
}
