package validation

import (
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func checkCredentials(d document, credentials []*adminv1.Credential) {
	seen := map[string]int{}
	for i, c := range credentials {
		field := fmt.Sprintf("credentials[%d]", i)
		if j, ok := seen[c.GetName()]; ok {
			d.add(field+".name", "is already the name of credentials[%d]", j)
		} else {
			seen[c.GetName()] = i
		}
		if !plaintext.IsPlain(c.GetName()) {
			d.add(field+".name", plaintext.Rule)
		}
		if c.GetSecret() != "" {
			d.add(field+".secret", "is not sealed")
		}
		checkMinted(d, field, c)
		if c.GetSecretRef() == "" && controlplane.NeedsSecret(c) && controlplane.IsEnabled(c.Enabled) { // a rollback leaves such ones disabled
			d.add(field+".secret", "is required")
		}
	}
}

// checkMinted checks how a credential is minted, but for its secret.
func checkMinted(d document, field string, c *adminv1.Credential) {
	set := 0
	for _, kind := range []bool{c.GetAwsSigv4() != nil, c.GetGoogle() != nil, c.GetEntra() != nil, c.GetOauth() != nil} {
		if kind {
			set++
		}
	}
	if set > 1 {
		d.add(field, "has several of aws_sigv4, google, entra and oauth; one credential is of one kind")
	}
	s, minted := controlplane.MintedSpec(c, "")
	if !minted {
		return
	}
	s.Check(func(name, reason string) {
		if name != "source" && name != "client_auth" { // of these the proto's own rules tell
			d.add(fmt.Sprintf("%s.%s.%s", field, s.Kind, name), "%s", reason)
		}
	})
}
