package redis

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"
)

// denials are what servers say to a client that they do not let in, or not do this. Scripts
// repeat it behind words of their own.
var denials = []string{
	"NOPERM", "NOAUTH", "WRONGPASS", "ACL failure", "no permissions to", "has no permissions",
	"can't access at least one of the keys", "can't run this command", "invalid password", "Client sent AUTH", "AUTH <password> called without",
	"invalid username-password",
}

// Denied reports whether Redis is there and refuses the node, by its password or its permissions.
func Denied(err error) bool { return answeredWith(err, denials) }

// general are answers that are about the server and no key.
var general = []string{"OOM", "READONLY", "MISCONF", "LOADING", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "BUSY", "UNKILLABLE", "NOSCRIPT"}

// KeyFault reports whether Redis answered, and one of its keys does not hold what this program
// keeps there. That says nothing about other keys.
func KeyFault(err error) bool {
	if Denied(err) || answeredWith(err, general) {
		return false
	}
	return answeredWith(err, []string{"WRONGTYPE", "user_script"})
}

// answeredWith reports whether an error is an answer of the server that holds one of the texts.
func answeredWith(err error, texts []string) bool {
	answer, ok := errors.AsType[redis.Error](err)
	if !ok {
		return false
	}
	for _, text := range texts {
		if strings.Contains(answer.Error(), text) {
			return true
		}
	}
	return false
}

// explained says why Redis is not used, with what to do about a refusal.
func (c *Client) explained(err error) string {
	if !Denied(err) {
		return OneLine(err)
	}
	return "Redis refuses this node: " + strings.TrimRight(OneLine(err), ".") + ". Check user and password in REDIS_URL; the user needs ~{trunkline:" + c.cfg.Environment +
		"}:* ~{trunkline:" + c.cfg.Environment + ":* and the commands that docs/operations.md lists"
}
