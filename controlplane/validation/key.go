package validation

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func checkKey(d document, doc *adminv1.ApiKey) {
	checkName(d, doc.GetName())
	if doc.GetSecret() != "" {
		d.add("secret", "is not hashed")
	}
	if n := len(doc.GetSecretHash()); n == 0 {
		d.add("secret", "is required")
	} else if n != sha256.Size {
		d.add("secret", "has a hash of %d bytes, want %d", n, sha256.Size)
	}
	checkAccess(d, doc)
}

func checkAccess(d document, doc *adminv1.ApiKey) {
	for i, s := range doc.GetAllowedIps() {
		if _, err := controlplane.ParseAddresses(s); err != nil && s != "" { // the proto's rules say that it is empty
			d.add(fmt.Sprintf("allowed_ips[%d]", i), "%v", err)
		}
	}
	if doc.GetBudget() == nil {
		return
	}
	if amount, err := controlplane.ParseDecimal(doc.GetBudget().GetAmount()); err == nil && amount == 0 {
		d.add("budget.amount", "must be above 0; to stop a key set enabled to false")
	}
}

// checkKeys checks that keys name groups that exist and that no two are the same secret.
// There may be a hundred thousand of them, so it looks at as few as it can.
func checkKeys(c *controlplane.Config, found *report) {
	keys := c.Unchecked(controlplane.KindAPIKey)
	if c.Changed(controlplane.KindGroup) {
		keys = c.All(controlplane.KindAPIKey)
	}
	var aliases map[string]string // made when a group is missing, to say what was meant
	for r := range keys {
		doc, _ := r.Spec.(*adminv1.ApiKey)
		for i, name := range doc.GetGroups() {
			if c.Has(controlplane.KindGroup, name) {
				continue
			}
			if aliases == nil {
				aliases = groupAliases(c)
			}
			hint := ""
			if group, ok := aliases[name]; ok {
				hint = fmt.Sprintf("; it is an alias of group %q", group)
			}
			found.about(r).add(fmt.Sprintf("groups[%d]", i), "refers to group %q, which does not exist%s", name, hint)
		}
	}
	for r := range c.Unchecked(controlplane.KindAPIKey) {
		if doc, ok := r.Spec.(*adminv1.ApiKey); ok {
			checkRevocation(c, found.about(r), doc)
		}
	}
	if c.Changed(controlplane.KindAPIKey) && anySame(c) {
		blameSameSecrets(c, found)
	}
}

// anySame reports whether a key has another's hash, which it did not have when it was checked last. Most changes of
// keys bring no hash, and need not look at the others.
func anySame(c *controlplane.Config) bool {
	count := map[controlplane.SecretHash]int{}
	for r := range c.Unchecked(controlplane.KindAPIKey) {
		var before []controlplane.SecretHash
		if checked := c.Checked(controlplane.KindAPIKey, r.Name); checked != nil {
			before = slices.Collect(hashesOf(checked))
		}
		for hash := range hashesOf(r) {
			if !slices.Contains(before, hash) {
				count[hash] = 0
			}
		}
	}
	if len(count) == 0 {
		return false
	}
	for r := range c.All(controlplane.KindAPIKey) {
		for hash := range hashesOf(r) {
			n, watched := count[hash]
			if !watched {
				continue
			}
			if n > 0 {
				return true
			}
			count[hash] = 1
		}
	}
	return false
}

// blameSameSecrets blames each key whose secret an older key has.
func blameSameSecrets(c *controlplane.Config, found *report) {
	owners := map[controlplane.SecretHash]string{}
	for _, r := range byAge(c.All(controlplane.KindAPIKey)) {
		for hash := range hashesOf(r) {
			if owner, taken := owners[hash]; taken {
				found.about(r).add("secret", "is the secret of API key %q too; each needs its own", owner)
				continue
			}
			owners[hash] = r.Name
		}
	}
}

// hashesOf gives the secrets of a key: its own, and the one before the last rotation.
func hashesOf(r *controlplane.Resource) iter.Seq[controlplane.SecretHash] {
	doc, _ := r.Spec.(*adminv1.ApiKey)
	return func(yield func(controlplane.SecretHash) bool) {
		if hash := doc.GetSecretHash(); len(hash) == sha256.Size && !yield(controlplane.SecretHash(hash)) {
			return
		}
		if hash := doc.GetOldSecretHash(); len(hash) == sha256.Size {
			yield(controlplane.SecretHash(hash))
		}
	}
}

func groupAliases(c *controlplane.Config) map[string]string {
	aliases := map[string]string{}
	for r := range c.All(controlplane.KindGroup) {
		doc, _ := r.Spec.(*adminv1.Group)
		for _, alias := range doc.GetAliases() {
			aliases[alias] = r.Name
		}
	}
	return aliases
}

// checkRevocation checks what a revocation promises: the key stays off, and no key has a secret
// that was revoked.
func checkRevocation(c *controlplane.Config, d document, doc *adminv1.ApiKey) {
	if doc.GetRevokeTime() != nil {
		if controlplane.IsEnabled(doc.Enabled) {
			d.add("enabled", "must be false: the key was revoked permanently at %s; create another one",
				doc.GetRevokeTime().AsTime().Format(time.RFC3339))
		}
		return
	}
	for _, secret := range [...]struct {
		field string
		hash  []byte
	}{{"secret", doc.GetSecretHash()}, {"old_secret", doc.GetOldSecretHash()}} {
		if len(secret.hash) != len(controlplane.SecretHash{}) {
			continue
		}
		if gone, ok := c.Revocation(controlplane.SecretHash(secret.hash)); ok && gone.Reason == controlplane.RevokeForGood {
			d.add(secret.field, "%s", spentSecret(gone))
		}
	}
}

func spentSecret(gone controlplane.Revocation) string {
	return fmt.Sprintf("is the secret of API key %q, which was revoked at revision %d; use another", gone.Key, gone.Revision)
}
