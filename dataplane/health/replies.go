package health

import (
	"errors"
	"time"
)

var errReply = errors.New("unexpected answer from Redis to a script")

// probeReply reads what probe.lua returns.
func probeReply(reply []any) (answer string, wait int64, err error) {
	if len(reply) == 2 {
		answer, okAnswer := reply[0].(string)
		wait, okWait := reply[1].(int64)
		if okAnswer && okWait {
			return answer, wait, nil
		}
	}
	return "", 0, errReply
}

// reportReply reads what report.lua and reset.lua return.
func reportReply(reply []any, began time.Time) (sharedState, error) {
	if len(reply) == 2 {
		now, okNow := reply[0].(int64)
		packed, okPacked := reply[1].(string)
		if okNow && okPacked {
			return unpack(packed, now, began)
		}
	}
	return sharedState{}, errReply
}

// refreshReply reads what refresh.lua returns.
func refreshReply(reply []any) (now int64, epoch string, packed map[string]string, err error) {
	if len(reply) < 2 || len(reply)%2 != 0 {
		return 0, "", nil, errReply
	}
	now, okNow := reply[0].(int64)
	epoch, okEpoch := reply[1].(string)
	if !okNow || !okEpoch {
		return 0, "", nil, errReply
	}
	packed = make(map[string]string, len(reply)/2-1)
	for i := 2; i < len(reply); i += 2 {
		key, okKey := reply[i].(string)
		record, okRecord := reply[i+1].(string)
		if !okKey || !okRecord {
			return 0, "", nil, errReply
		}
		packed[key] = record
	}
	return now, epoch, packed, nil
}
