package wire

import "bytes"

// Spoken is where the output of one event is.
type Spoken struct {
	texts []spoken
	few   [8]spoken // what texts is made of, but in an event of very many
}

// Voice tells whose text a piece of output belongs to. Providers send one thought under several names,
// and answers or calls of tools in turns: only the texts of one voice make up what was said.
type Voice struct {
	name  int
	index int // of the answer, call or block, and one more; 0: it has none
}

const (
	spokenText = iota
	spokenName
	spokenParts
	spokenReasoning
	spokenReasoningContent
)

// maxSpoken is how many texts of one event are told apart; what is behind them counts as one.
const maxSpoken = 4096

type spoken struct {
	voice      Voice
	start, end int
}

// reset forgets the texts of the last event.
func (s *Spoken) reset() { s.texts = s.few[:0] }

func (s *Spoken) note(name, index, start, end int) {
	switch {
	case s == nil || start == end:
	case len(s.texts) == maxSpoken:
		s.texts[maxSpoken-1].end = end
	default:
		s.texts = append(s.texts, spoken{Voice{name, index}, start, end})
	}
}

// noteIndex reads the index that text begins with. An event's first is also that of what stands before it.
func (s *Spoken) noteIndex(text []byte, last int) (index int) {
	for s != nil && len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	digits := 0
	for ; s != nil && digits < min(len(text), 6) && text[digits] >= '0' && text[digits] <= '9'; digits++ {
		index = index*10 + int(text[digits]-'0')
	}
	if digits == 0 {
		return last
	}
	index++
	for i := 0; last == 0 && i < len(s.texts); i++ {
		s.texts[i].voice.index = index
	}
	return index
}

// All goes through the texts of an event, whose data is text, as JSON has them between the quotes.
func (s *Spoken) All(text []byte, yield func(of Voice, piece []byte)) {
	for _, one := range s.texts {
		piece := text[one.start:one.end]
		if at := bytes.IndexByte(piece, '"'); at >= 0 {
			piece = bytes.TrimSuffix(piece[at+1:], []byte{'"'})
		}
		if len(piece) > 0 {
			yield(one.voice, piece)
		}
	}
}
