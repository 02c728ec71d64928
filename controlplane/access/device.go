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
type Devices struct{ Key func() []byte }

// Issue makes what a device shows the next time it signs in as the account, whose name is at its end.
func (d Devices) Issue(account string, now time.Time) string {
	value := make([]byte, deviceID, deviceID+8+sha256.Size+len(account))
	rand.Read(value)
	value = binary.BigEndian.AppendUint64(value, uint64(now.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(append(value, d.mac(account, value)...), account...))
}

// Known gives the id of a device that was given this value for the account; empty when it was
// not, or too long ago.
func (d Devices) Known(account, value string, now time.Time) string {
	id, of := d.read(value, now)
	if of != account {
		return ""
	}
	return id
}

// Any is Known for whatever account the device signed in as.
func (d Devices) Any(value string, now time.Time) string {
	id, _ := d.read(value, now)
	return id
}

// read gives the id and the account of a value that was issued not too long ago.
func (d Devices) read(value string, now time.Time) (id, account string) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(raw) < deviceID+8+sha256.Size {
		return "", ""
	}
	said, mac, account := raw[:deviceID+8], raw[deviceID+8:deviceID+8+sha256.Size], string(raw[deviceID+8+sha256.Size:])
	if !hmac.Equal(mac, d.mac(account, said)) {
		return "", ""
	}
	issued := time.Unix(int64(binary.BigEndian.Uint64(said[deviceID:])), 0)
	if now.Sub(issued) > DeviceLifetime {
		return "", ""
	}
	return string(said[:deviceID]), account
}

func (d Devices) mac(account string, said []byte) []byte {
	mac := hmac.New(sha256.New, d.Key())
	mac.Write([]byte("known device\x00"))
	mac.Write(said)
	mac.Write([]byte(account))
	return mac.Sum(nil)
}
