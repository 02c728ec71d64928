// Package audit is the log of who signed in, read what is confidential, and changed what. Events are only
// ever added; each holds a hash over itself and the hash before, so that a change of any of them shows.
package audit

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// System is the actor of what the control plane does by itself.
const System = "system"

// OK is the outcome of what was done. Every other outcome is the code of a refusal.
const OK = "ok"

// What the control plane does outside of RPCs, whose actions are the names of their methods.
const (
	ActionAdvanceAuthority = "AdvanceAuthorityKey" // by itself, when every node is ready
	ActionApplyAtStart     = "ApplyAtStart"
	ActionAuthenticate     = "Authenticate" // a bearer token was refused
	ActionBeginRollout     = "BeginRollout" // a change is tried on some nodes
	ActionChangeConfig     = "ChangeConfig"
	ActionEndRollout       = "EndRollout" // by itself
	ActionFirstUseOfToken  = "FirstUseOfToken"
	ActionHoldRollout      = "HoldRollout"
	ActionJoinNode         = "JoinNode"
	ActionRemoveEvents     = "RemoveAuditEvents"
	ActionRemoveSecrets    = "RemoveSecrets"
	ActionScheduledImport  = "ScheduledImport"
)

// SystemActions lists them.
func SystemActions() []string {
	return []string{
		ActionApplyAtStart, ActionAuthenticate, ActionBeginRollout, ActionChangeConfig, ActionEndRollout, ActionFirstUseOfToken, ActionHoldRollout,
		ActionJoinNode, ActionRemoveEvents,
		ActionRemoveSecrets, ActionScheduledImport,
	}
}

// Bounds of what one event holds; what is longer is cut.
const (
	maxText    = 256  // bytes of a name, an address, ...
	maxDetail  = 1024 // bytes
	maxTargets = 1000
)

// Hash is a link of the chain.
type Hash [sha256.Size]byte

// Event is one line of the log. It never holds a secret, nor anything of a prompt.
type Event struct {
	Sequence  int64     // 1, 2, 3 ... without gaps; the store sets it
	At        time.Time // the store sets it, unless it has the time of the change
	Actor     string    // user:name, token:name, node:name or system
	Role      string    // of the actor; empty where there is none
	Address   string    // where the actor calls from; empty for the system
	Action    string    // name of the RPC, or one of SystemActions
	Targets   []string  // what it was about, as Kind/name
	Revision  uint64    // of the configuration that it made; 0: none
	Outcome   string
	Count     int64 // how many such events this one stands for: 1, or more of failed sign-ins
	RequestID string
	Detail    string
	Hash      Hash // the store sets it
}

// Bounded is the event as it is stored: without control characters, no text too long, counted at least once.
func (e Event) Bounded() Event {
	for _, text := range []*string{&e.Actor, &e.Role, &e.Address, &e.Action, &e.Outcome, &e.RequestID} {
		*text = bounded(*text, maxText)
	}
	e.Detail = bounded(e.Detail, maxDetail)
	targets := make([]string, 0, min(len(e.Targets), maxTargets))
	for _, t := range e.Targets[:min(len(e.Targets), maxTargets)] {
		targets = append(targets, bounded(t, maxText))
	}
	e.Targets = targets
	if e.Outcome == "" {
		e.Outcome = OK
	}
	e.Count = max(e.Count, 1)
	e.At = e.At.UTC().Truncate(time.Microsecond)
	return e
}

func bounded(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	if len(s) > most {
		const cut = "..."
		s = strings.ToValidUTF8(s[:most-len(cut)], "") + cut
	}
	return s
}

// TargetText is the targets as one text: each on a line of its own. It is what is stored and hashed.
func (e Event) TargetText() string { return strings.Join(e.Targets, "\n") }

// ParseTargets reads TargetText.
func ParseTargets(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// Link is the hash of the event in a chain: SHA-256 over the hash before and every field, each as its length
// in bytes, a colon, the field and a comma.
func (e Event) Link(previous Hash) Hash {
	h := sha256.New()
	h.Write(previous[:])
	for _, field := range []string{
		strconv.FormatInt(e.Sequence, 10), strconv.FormatInt(e.At.UnixMicro(), 10), e.Actor, e.Role, e.Address, e.Action, e.TargetText(),
		strconv.FormatUint(e.Revision, 10), e.Outcome, strconv.FormatInt(e.Count, 10), e.RequestID, e.Detail,
	} {
		h.Write([]byte(strconv.Itoa(len(field)) + ":" + field + ","))
	}
	return Hash(h.Sum(nil))
}
