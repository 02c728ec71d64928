package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// DeviceLifetime is for how long a device stays known after it signed in last.
const DeviceLifetime = 90 * 24 * time.Hour

const deviceID = 16 // bytes

// Devices tells devices that have signed in from others by what they were given then: an id, the
// time and a MAC over both and the account. It is worth nothing without the password; it spares its
// holder the waits that strangers cause. Nothing of it is stored.
type Devices struct{ Key []byte }

// Issue makes what a device shows the next time it signs in as the account.
func (d Devices) Issue(account string, now time.Time) string {
	value := make([]byte, deviceID, deviceID+8+sha256.Size)
	rand.Read(value)
	value = binary.BigEndian.AppendUint64(value, uint64(now.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(value, d.mac(account, value)...))
}

// Known gives the id of a device that was given this value for the account; empty when it was
// not, or too long ago.
func (d Devices) Known(account, value string, now time.Time) string {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(raw) != deviceID+8+sha256.Size {
		return ""
	}
	said, mac := raw[:deviceID+8], raw[deviceID+8:]
	if !hmac.Equal(mac, d.mac(account, said)) {
		return ""
	}
	issued := time.Unix(int64(binary.BigEndian.Uint64(said[deviceID:])), 0)
	if now.Sub(issued) > DeviceLifetime {
		return ""
	}
	return string(said[:deviceID])
}

func (d Devices) mac(account string, said []byte) []byte {
	mac := hmac.New(sha256.New, d.Key)
	mac.Write([]byte("known device\x00"))
	mac.Write(said)
	mac.Write([]byte(account))
	return mac.Sum(nil)
}
