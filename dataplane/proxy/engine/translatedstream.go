package engine

import (
	"bytes"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// translatedStream makes the client's events of those of a provider of another dialect.
type translatedStream struct {
	of  *wire.Stream // the provider's
	in  form.EventReader
	to  form.EventWriter
	out []byte // of the last event; used again
}

// newTranslatedStream is for the answer to an attempt; nil: it needs none.
func (a *attempt) newTranslatedStream() *translatedStream {
	if a.translation == nil {
		return nil
	}
	a.translation.header = translationText(a.record.Translation, &a.translation.losses)
	of := a.translation.of
	return &translatedStream{of: a.endpoint.Stream, in: a.endpoint.Codec.NewEventReader(of), to: a.call.req.Endpoint.Codec.NewEventWriter(of)}
}

// event gives the client's events of one of the provider's: none, one or several. They are valid
// until the next.
func (t *translatedStream) event(event []byte) ([]byte, error) {
	t.out = t.out[:0]
	data, ok := sse.Data(event)
	if data = bytes.TrimSpace(data); !ok || len(data) == 0 || data[0] != '{' { // [DONE], and text that keeps a stream alive
		return nil, nil
	}
	events, err := t.in.Read(t.of.TypedData(event, data))
	t.write(events)
	return t.out, err
}

// end gives what is missing at the end of a whole stream.
func (t *translatedStream) end() []byte {
	t.out = t.out[:0]
	t.write(t.in.End())
	return t.out
}

func (t *translatedStream) write(events []form.Event) {
	for i := range events {
		t.out = append(t.out, t.to.Write(&events[i])...)
	}
}

// place is where the next event of the client's stream stands.
func (t *translatedStream) place() wire.Place {
	n, id := t.to.Place()
	return wire.Place{Events: n, ID: id}
}
