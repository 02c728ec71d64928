package view

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/enumname"
	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func masterKey(k *adminv1.MasterKey) []string {
	state := "given"
	switch {
	case k.GetInUse():
		state = "in use"
	case !k.GetGiven():
		state = "missing"
	}
	return []string{k.GetId(), state, strconv.Itoa(int(k.GetSecretCount())), cmp.Or(strings.Join(k.GetLackingReplicas(), ", "), "none")}
}

func unreadableSecret(s *adminv1.UnreadableSecret) []string {
	return []string{s.GetKind(), output.Text(s.GetProvider()), output.Text(s.GetAlertChannel()), output.Text(s.GetName()), s.GetMasterKey()}
}

func authorityKey(k *adminv1.AuthorityKey) []string {
	return []string{k.GetFingerprint(), enumname.Of(k.GetRole()), output.Time(k.GetSince()), output.Time(k.GetExpireTime())}
}
