package controlplane

import (
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// KeyState says whether an API key works now. Where several things stop it, what cannot be
// undone goes first.
func KeyState(k *adminv1.ApiKey, now time.Time) adminv1.ApiKeyState {
	switch {
	case k.GetRevokeTime() != nil:
		return adminv1.ApiKeyState_API_KEY_STATE_REVOKED
	case k.GetExpireTime() != nil && !k.GetExpireTime().AsTime().After(now):
		return adminv1.ApiKeyState_API_KEY_STATE_EXPIRED
	case !IsEnabled(k.Enabled):
		return adminv1.ApiKeyState_API_KEY_STATE_DISABLED
	}
	return adminv1.ApiKeyState_API_KEY_STATE_ACTIVE
}
