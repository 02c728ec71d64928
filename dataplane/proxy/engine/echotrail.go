package engine

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// maxEchoTexts is how many texts of one stream are followed at a time: answers and calls of tools whose
// deltas take turns, each perhaps under several names.
const maxEchoTexts = 8

// echoTrail finds secrets that a provider repeats in pieces, over several events of a stream.
type echoTrail struct {
	follows bool // there are secrets to look for
	secrets dataplane.Echoes
	places  wire.Spoken
	texts   [maxEchoTexts]echoText
	n       int
	pieces  uint64
}

type echoText struct {
	of    wire.Voice
	last  uint64 // which piece was its last
	trail dataplane.Trail
}

// follow begins to look for secrets in what is seen of a stream, if there are any.
func (t *echoTrail) follow(secrets dataplane.Echoes, seen *wire.Inspection) {
	if !secrets.None() {
		t.follows, t.secrets, seen.Places = true, secrets, &t.places
	}
}

// mask overwrites them in the event that was seen last, whose data is in one line.
func (t *echoTrail) mask(event []byte) {
	data, _ := sse.Data(event)
	t.places.All(data, t.next)
}

func (t *echoTrail) next(of wire.Voice, piece []byte) {
	text := t.text(of)
	t.pieces++
	text.last = t.pieces
	text.trail.Mask(piece)
}

// text is what is followed of a voice. A new one takes the place of the one that is quiet for longest.
func (t *echoTrail) text(of wire.Voice) *echoText {
	quiet := &t.texts[0]
	for i := range t.texts[:t.n] {
		text := &t.texts[i]
		if text.of == of {
			return text
		}
		if text.last < quiet.last {
			quiet = text
		}
	}
	if t.n < len(t.texts) {
		quiet = &t.texts[t.n]
		quiet.trail = t.secrets.Follow()
		t.n++
	}
	quiet.trail.Restart()
	quiet.of = of
	return quiet
}
