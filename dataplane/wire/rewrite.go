package wire

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// With is an object with some members set: keys and their values as JSON, in turn. Other
// members, and the order, stay as they are.
func With(object gjson.Result, members ...string) []byte {
	var b bytes.Buffer
	write := func(key, value string) {
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(key + ":" + value)
	}
	var written []string
	object.ForEach(func(key, value gjson.Result) bool {
		for i := 0; i < len(members); i += 2 {
			if key.Str == members[i] {
				written = append(written, key.Str)
				write(key.Raw, members[i+1])
				return true
			}
		}
		write(key.Raw, value.Raw)
		return true
	})
	for i := 0; i < len(members); i += 2 {
		if !slices.Contains(written, members[i]) {
			write(strconv.Quote(members[i]), members[i+1])
		}
	}
	if b.Len() == 0 {
		return []byte("{}")
	}
	b.WriteByte('}')
	return b.Bytes()
}

// Raw is a value as JSON, or what stands for it where it is missing.
func Raw(v gjson.Result, otherwise string) string {
	if !v.Exists() {
		return otherwise
	}
	return v.Raw
}

// Named is a whole event that has a type: its name, and the first member of its data. The
// others are keys and their values as JSON, in turn.
func Named(typ string, members ...string) []byte {
	data := With(gjson.Parse(`{"type":"`+typ+`"}`), members...)
	return append([]byte("event: "+typ+"\n"), sse.Event(data)...)
}
