package syncing

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// version identifies a snapshot.
type version struct {
	lineage  string // of its database; empty: not told
	revision uint64
	sha256   string // of the encoded snapshot; empty: the node came to it by a delta
	history  string // hash over all changes up to the revision; empty: not told
	digest   docset.Digest
}

// is reports whether a snapshot that is announced is the one that the node has.
func (v *version) is(full *nodev1.Full) bool {
	if v == nil || v.lineage != full.GetLineage() || v.revision != full.GetRevision() || v.history != string(full.GetHistory()) {
		return false
	}
	if len(full.GetDigest()) > 0 {
		return bytes.Equal(v.digest[:], full.GetDigest())
	}
	return v.sha256 != "" && v.sha256 == string(full.GetSha256())
}

// checkVersion refuses a snapshot that is older than the one in use, or of another database: it
// would bring back keys that were revoked since. An admin may adopt such a database; then it
// names the lineage that the node has among those it replaces.
func (s *Syncer) checkVersion(full *nodev1.Full) (nodev1.NackCode, error) {
	have := s.have.Load()
	if have == nil || have.lineage == "" || full.GetLineage() == "" || slices.Contains(full.GetReplaces(), have.lineage) {
		return 0, nil
	}
	if full.GetLineage() != have.lineage {
		return nodev1.NackCode_NACK_CODE_OTHER_DATABASE, fmt.Errorf(
			"OTHER_DATABASE: the node has revision %d of database %s, and this is one of database %s, which no owner put in its place"+adopt,
			have.revision, have.lineage, full.GetLineage())
	}
	if full.GetRevision() < have.revision {
		return nodev1.NackCode_NACK_CODE_VERSION_REGRESSION, fmt.Errorf(
			"VERSION_REGRESSION: the node has revision %d of this database, and revision %d is older: was an old backup restored"+adopt,
			have.revision, full.GetRevision())
	}
	if base := string(full.GetBaseHistory()); full.GetBaseRevision() == have.revision && base != "" && have.history != "" && base != have.history {
		return nodev1.NackCode_NACK_CODE_OTHER_HISTORY, fmt.Errorf(
			"OTHER_HISTORY: revision %d of this database is not what the node has under that number: an old backup was restored and changed since"+adopt,
			have.revision)
	}
	return 0, nil
}

// adopt ends what such refusals say.
const adopt = ": if it is the right one, an owner adopts it with 'trunklinectl configs adopt-database'"

// lineage is that of the snapshot in use; empty when there is none, or it is not known.
func (s *Syncer) lineage() string {
	if v := s.have.Load(); v != nil {
		return v.lineage
	}
	return ""
}
