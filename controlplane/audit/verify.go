package audit

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
)

const verifyPage = 1000 // events in memory at once

// Report is what Verify found.
type Report struct {
	Events int64 // checked
	Head   Head
	// Broken is the sequence of the first event that is not what was written; 0: all are.
	Broken int64
	Reason string // what is wrong there
}

// Known is a link of the chain that was noted down somewhere else.
type Known struct {
	Sequence int64
	Hash     Hash
}

// Verify follows the chain from its anchor to its head. With known it also checks that the chain still goes
// through that link. Events that are added meanwhile are not checked.
func Verify(ctx context.Context, store Store, known *Known) (Report, error) {
	for {
		report, err := verify(ctx, store, known)
		if err != nil || report.Broken == 0 {
			return report, err
		}
		// Retention may have removed what was about to be read.
		now, err := store.AuditHead(ctx)
		if err != nil || now.AnchorSequence == report.Head.AnchorSequence {
			return report, err
		}
	}
}

func verify(ctx context.Context, store Store, known *Known) (Report, error) {
	head, err := store.AuditHead(ctx)
	if err != nil {
		return Report{}, err
	}
	c := chain{at: head.AnchorSequence, hash: head.AnchorHash, known: known}
	report := Report{Head: head}
	for c.at < head.Sequence {
		events, err := store.OldestEvents(ctx, Filter{After: c.at, Limit: int(min(verifyPage, head.Sequence-c.at))})
		if err != nil {
			return Report{}, err
		}
		if len(events) == 0 {
			report.Broken, report.Reason = c.at+1, fmt.Sprintf("events %d to %d are missing", c.at+1, head.Sequence)
			return report, nil
		}
		for _, e := range events {
			if reason := c.follow(e, head.Sequence); reason != "" {
				report.Broken, report.Reason = c.at+1, reason
				return report, nil
			}
			report.Events++
		}
	}
	report.Broken, report.Reason = c.end(head)
	return report, nil
}

// chain is how far it was followed.
type chain struct {
	at      int64
	hash    Hash
	removed string // what the last event about retention says was removed
	known   *Known
}

// follow takes the next event, or says why it is not the next one.
func (c *chain) follow(e Event, last int64) string {
	switch {
	case e.Sequence > last:
		return fmt.Sprintf("events %d to %d are missing", c.at+1, last)
	case e.Sequence != c.at+1:
		return fmt.Sprintf("events %d to %d are missing", c.at+1, e.Sequence-1)
	case e.Link(c.hash) != e.Hash:
		return "its content is not what was written, or an event before it is"
	case c.known != nil && e.Sequence == c.known.Sequence && e.Hash != c.known.Hash:
		return "its hash is not the known one: the chain was rewritten"
	}
	if e.Action == ActionRemoveEvents && e.Outcome == OK && e.Actor == System {
		c.removed = e.Detail
	}
	c.at, c.hash = e.Sequence, e.Hash
	return ""
}

// end judges what only shows when the whole chain was followed.
func (c *chain) end(head Head) (broken int64, reason string) {
	switch {
	case c.hash != head.Hash:
		return head.Sequence, "the head of the chain does not fit its last event"
	case head.AnchorSequence > 0 && c.removed != Removal(head.AnchorSequence, head.AnchorHash):
		return head.AnchorSequence + 1, fmt.Sprintf("the events up to %d were not removed by retention", head.AnchorSequence)
	case c.known != nil && c.known.Sequence > head.Sequence:
		return head.Sequence + 1, fmt.Sprintf("the chain ends before the known event %d", c.known.Sequence)
	case c.known != nil && c.known.Sequence == head.AnchorSequence && c.known.Hash != head.AnchorHash:
		return head.AnchorSequence + 1, "the hash before it is not the known one: the chain was rewritten"
	}
	return 0, ""
}

// Removal is the detail of the event that says what retention removed: it binds the anchor into the chain.
func Removal(sequence int64, hash Hash) string {
	return "up to " + strconv.FormatInt(sequence, 10) + ", whose hash is " + hex.EncodeToString(hash[:])
}
