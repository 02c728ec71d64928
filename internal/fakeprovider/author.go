package fakeprovider

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// json is a plain answer.
func (a *author) json(format string, args ...any) []frame {
	return []frame{{data: fmt.Appendf(nil, format, args...)}}
}

// opening is what a stream begins with before any event of the endpoint's own.
func (a *author) opening(frames []frame) []frame {
	if a.script.lifecycle {
		frames = append(frames, frame{data: a.lines(": PROCESSING\n\n")})
	}
	return frames
}

// closing is what follows the last event.
func (a *author) closing(frames []frame) []frame {
	if a.script.trailer != "" {
		frames = append(frames, frame{data: a.lines(a.script.trailer)})
	}
	return frames
}

// streamError is the error event of the script, in the endpoint's words.
func (a *author) streamError() frame {
	if a.req.api.eventError != nil {
		return a.req.api.eventError(a, a.script.errorBody)
	}
	return a.event(errorName(a.script.errorBody), []byte(a.script.errorBody))
}

// newUsage fills a usage object: input, cached, output and all tokens. nil: none is told.
func (a *author) newUsage(format string) []byte {
	if a.script.noUsage {
		return nil
	}
	out := len(a.pieces()) + a.fillers()
	return fmt.Appendf(nil, format, a.prompt.all, a.prompt.cached, out, a.prompt.all+out)
}

func (a *author) usageOrNull(usage []byte) []byte {
	if usage == nil {
		return []byte("null")
	}
	return usage
}

// vector is what every embedding is.
var vector = []float32{0.0125, -0.25, 0.5, 1e-7}

// vectorJSON writes it as numbers or, as the official SDKs ask, as base64 of its bytes.
func vectorJSON(packed bool) []byte {
	if !packed {
		return marshal(vector)
	}
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, vector) // to memory
	return marshal(base64.StdEncoding.EncodeToString(b.Bytes()))
}
