package engine

import (
	"bytes"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/sse"
)

const (
	// echoBegun is how much of a secret the text ends with where its event waits for the next one. Less
	// is of no use to anybody, and often there by chance.
	echoBegun = 4
	// What waits is bounded: a secret that comes in more pieces is not recognised.
	maxEchoEvents = 256
	maxEchoBytes  = 64 << 10
)

// echoTrail finds secrets that a provider repeats in pieces, over several events of a stream: what may
// be the beginning of one waits for the event that tells.
type echoTrail struct {
	follows bool // there are secrets to look for
	voices  [wire.Voices]dataplane.Trail
	places  wire.Spoken
	waiting []echoEvent
	size    int
}

// echoEvent is an event that waits, and where it has output.
type echoEvent struct {
	event []byte
	texts []echoText
}

type echoText struct {
	voice int
	text  []byte // of the event's bytes
}

// follow begins to look for secrets in what is seen of a stream, if there are any.
func (t *echoTrail) follow(secrets dataplane.Echoes, seen *wire.Inspection) {
	if secrets.None() {
		return
	}
	for i := range t.voices {
		t.voices[i] = secrets.Follow()
	}
	t.follows, seen.Places = true, &t.places
}

// take looks at the next event, whose output is at its places. It waits if waits is true; else it may be
// passed on, behind those that waited.
func (t *echoTrail) take(event []byte) (waits bool) {
	data, _ := sse.Data(event)
	t.places.All(data, func(voice int, piece []byte) {
		if before := t.voices[voice].Next(piece); before > 0 {
			t.maskBack(voice, before)
		}
	})
	if t.begun() < echoBegun || len(t.waiting) >= maxEchoEvents || t.size+len(event) > maxEchoBytes {
		return false
	}
	one := echoEvent{event: bytes.Clone(event)}
	data, _ = sse.Data(one.event)
	t.places.All(data, func(voice int, piece []byte) { one.texts = append(one.texts, echoText{voice, piece}) })
	t.waiting, t.size = append(t.waiting, one), t.size+len(event)
	return true
}

func (t *echoTrail) begun() (most int) {
	for i := range t.voices {
		most = max(most, t.voices[i].Begun())
	}
	return most
}

// maskBack overwrites the last bytes of the output that waits.
func (t *echoTrail) maskBack(voice, n int) {
	for i := len(t.waiting) - 1; i >= 0 && n > 0; i-- {
		texts := t.waiting[i].texts
		for j := len(texts) - 1; j >= 0 && n > 0; j-- {
			if text := texts[j].text; texts[j].voice == voice {
				for k := len(text) - 1; k >= 0 && n > 0; k-- {
					text[k], n = '*', n-1
				}
			}
		}
	}
}

// release gives what waited. Where the stream ends, the beginning of a secret that it ends with is
// overwritten.
func (t *echoTrail) release(ends bool) (events []echoEvent) {
	if ends {
		for voice := range t.voices {
			t.maskBack(voice, t.voices[voice].Begun())
		}
	}
	events, t.waiting, t.size = t.waiting, nil, 0
	return events
}
