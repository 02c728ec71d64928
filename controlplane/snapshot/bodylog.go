package snapshot

import (
	"cmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// bodyLog fills in the defaults; nil when no bodies are kept.
func bodyLog(in *adminv1.BodyLog) *nodev1.BodyLog {
	if !in.GetEnabled() {
		return nil
	}
	sample := 1.0
	if in.Sample != nil {
		sample = in.GetSample()
	}
	if sample == 0 {
		return nil
	}
	return &nodev1.BodyLog{
		MaxBytes: cmp.Or(in.GetMaxBytes(), controlplane.DefaultBodyBytes), Sample: sample,
		Redact: in.Redact == nil || in.GetRedact(), RedactEmails: in.GetRedactEmails(),
	}
}
