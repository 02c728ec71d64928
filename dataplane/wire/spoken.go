package wire

import "bytes"

// Spoken is where the output of one event is. Providers send one thought under several names, so each
// name's text is told apart: only the texts of one voice make up what was said.
type Spoken struct {
	texts [maxSpoken]spoken
	n     int
}

// The voices, one for each name that a copy of the same text may have.
const (
	spokenText = iota
	spokenParts
	spokenReasoning
	spokenReasoningContent
	// Voices is how many there are.
	Voices
)

// maxSpoken is how many texts of one event are noted: more are sent for more answers at once.
const maxSpoken = 8

type spoken struct{ voice, start, end int }

func (s *Spoken) note(voice, start, end int) {
	if s == nil || start == end || s.n == len(s.texts) {
		return
	}
	s.texts[s.n] = spoken{voice, start, end}
	s.n++
}

// All goes through the texts of an event, whose data is text, as JSON has them between the quotes.
func (s *Spoken) All(text []byte, yield func(voice int, piece []byte)) {
	for _, one := range s.texts[:s.n] {
		piece := text[one.start:one.end]
		if at := bytes.IndexByte(piece, '"'); at >= 0 {
			piece = bytes.TrimSuffix(piece[at+1:], []byte{'"'})
		}
		if len(piece) > 0 {
			yield(one.voice, piece)
		}
	}
}
