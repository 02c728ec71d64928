package snapshot

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestBodyLogHasDefaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   *adminv1.BodyLog
		want *nodev1.BodyLog
	}{
		"none":           {nil, nil},
		"off":            {&adminv1.BodyLog{MaxBytes: 100, Sample: proto.Float64(1)}, nil},
		"of no calls":    {&adminv1.BodyLog{Enabled: true, Sample: proto.Float64(0)}, nil},
		"on":             {&adminv1.BodyLog{Enabled: true}, &nodev1.BodyLog{MaxBytes: 65536, Sample: 1, Redact: true}},
		"as it is given": {&adminv1.BodyLog{Enabled: true, MaxBytes: 9, Sample: proto.Float64(0.5), Redact: proto.Bool(false), RedactEmails: true}, &nodev1.BodyLog{MaxBytes: 9, Sample: 0.5, RedactEmails: true}},
	} {
		if diff := cmp.Diff(tt.want, bodyLog(tt.in), protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
