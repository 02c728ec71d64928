package controlplane

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func (f *faults) apiKey(r *Resource, doc *adminv1.ApiKey) {
	f.name(r, doc.GetName())
	if doc.GetSecret() != "" {
		f.add(r, "secret", "is not hashed")
	}
	if n := len(doc.GetSecretHash()); n == 0 {
		f.add(r, "secret", "is required")
	} else if n != sha256.Size {
		f.add(r, "secret", "has a hash of %d bytes, want %d", n, sha256.Size)
	}
	f.access(r, doc)
}

// checkKeys checks that keys name groups that exist and that no two are the same secret.
// There may be a hundred thousand of them, so it looks at as few as it can.
func (c *Config) checkKeys(f *faults) {
	keys, groups := c.unchecked(KindAPIKey), c.resources[KindGroup]
	if c.changed(KindGroup) {
		keys = maps.Values(c.resources[KindAPIKey])
	}
	var aliases map[string]string // made when a group is missing, to say what was meant
	for r := range keys {
		doc, _ := r.Spec.(*adminv1.ApiKey)
		for i, name := range doc.GetGroups() {
			if groups[name] != nil {
				continue
			}
			if aliases == nil {
				aliases = groupAliases(groups)
			}
			hint := ""
			if group, ok := aliases[name]; ok {
				hint = fmt.Sprintf("; it is an alias of group %q", group)
			}
			f.add(r, fmt.Sprintf("groups[%d]", i), "refers to group %q, which does not exist%s", name, hint)
		}
	}
	for r := range c.unchecked(KindAPIKey) {
		if doc, ok := r.Spec.(*adminv1.ApiKey); ok {
			f.revocation(c, r, doc)
		}
	}
	if c.changed(KindAPIKey) && c.anySame() {
		f.sameSecrets(c.resources[KindAPIKey])
	}
}

// anySame reports whether a key that was not checked yet has the hash of another.
func (c *Config) anySame() bool {
	count := map[SecretHash]int{}
	for r := range c.unchecked(KindAPIKey) {
		for hash := range hashesOf(r) {
			count[hash] = 0
		}
	}
	for _, r := range c.resources[KindAPIKey] {
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

// sameSecrets blames each key whose secret an older key has.
func (f *faults) sameSecrets(keys map[string]*Resource) {
	owners := map[SecretHash]string{}
	for _, r := range byAge(keys) {
		for hash := range hashesOf(r) {
			if owner, taken := owners[hash]; taken {
				f.add(r, "secret", "is the secret of API key %q too; each needs its own", owner)
				continue
			}
			owners[hash] = r.Name
		}
	}
}

// hashesOf gives the secrets of a key: its own, and the one before the last rotation.
func hashesOf(r *Resource) iter.Seq[SecretHash] {
	doc, _ := r.Spec.(*adminv1.ApiKey)
	return func(yield func(SecretHash) bool) {
		if hash := doc.GetSecretHash(); len(hash) == sha256.Size && !yield(SecretHash(hash)) {
			return
		}
		if hash := doc.GetOldSecretHash(); len(hash) == sha256.Size {
			yield(SecretHash(hash))
		}
	}
}

func groupAliases(groups map[string]*Resource) map[string]string {
	aliases := map[string]string{}
	for name, r := range groups {
		doc, _ := r.Spec.(*adminv1.Group)
		for _, alias := range doc.GetAliases() {
			aliases[alias] = name
		}
	}
	return aliases
}

// revocation checks what a revocation promises: the key stays off, and no key has a secret
// that was revoked.
func (f *faults) revocation(c *Config, r *Resource, doc *adminv1.ApiKey) {
	if doc.GetRevokeTime() != nil {
		if enabledByDefault(doc.Enabled) {
			f.add(r, "enabled", "must be false: the key was revoked permanently at %s; create another one",
				doc.GetRevokeTime().AsTime().Format(time.RFC3339))
		}
		return
	}
	for _, secret := range [...]struct {
		field string
		hash  []byte
	}{{"secret", doc.GetSecretHash()}, {"old_secret", doc.GetOldSecretHash()}} {
		if len(secret.hash) != len(SecretHash{}) {
			continue
		}
		if gone, ok := c.Revocation(SecretHash(secret.hash)); ok && gone.Reason == RevokeForGood {
			f.add(r, secret.field, "%s", spentSecret(gone))
		}
	}
}

func spentSecret(gone Revocation) string {
	return fmt.Sprintf("is the secret of API key %q, which was revoked at revision %d; use another", gone.Key, gone.Revision)
}

func enabledByDefault(b *bool) bool { return b == nil || *b }
