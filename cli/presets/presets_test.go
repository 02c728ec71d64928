package presets

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/preset"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// What is shown of every preset is a file that apply reads.
func TestEveryPresetCanBeApplied(t *testing.T) {
	t.Parallel()
	for _, p := range preset.All() {
		values := map[string]string{}
		for _, part := range p.Placeholders {
			values[part] = "acme"
		}
		text, err := file(p.ID, "1 näme", values)
		if err != nil {
			t.Errorf("%s: %v", p.ID, err)
			continue
		}
		docs, err := manifest.Read(bytes.NewReader(text), func(name string) (string, bool) { return "secret-of-" + name, true })
		if err != nil || len(docs) != 1 {
			t.Errorf("%s: %v\n%s", p.ID, err, text)
			continue
		}
		got := docs[0].(*adminv1.Provider)
		if !p.Keyless {
			if c := got.GetCredentials(); len(c) != 1 || c[0].GetSecret() != "secret-of-_1_N_ME_API_KEY" {
				t.Errorf("%s: credentials %v", p.ID, c)
			}
		}
		got.Credentials = nil
		if want := p.Document("1 näme", values); !proto.Equal(got, want) || strings.Contains(string(text), "YOUR-") {
			t.Errorf("%s: %v, want %v", p.ID, got, want)
		}
	}
}

func TestWhatCannotBeShown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id     string
		values map[string]string
		want   string
	}{
		{"klingon", nil, `there is no preset "klingon"`},
		{"azure", nil, "needs --set YOUR-RESOURCE="},
		{"azure", map[string]string{"YOUR-REGION": "x"}, `preset azure has no part "YOUR-REGION"; it has: YOUR-RESOURCE`},
		{"openai", map[string]string{"A": "x"}, `preset openai has no part "A"; it has: none`},
	} {
		if _, err := file(tt.id, "", tt.values); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.id, err, tt.want)
		}
	}
}
