package socket

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// output follows the events of a turn and keeps what the next one needs to go on: the response's id,
// whether its provider keeps it, and else its items.
type output struct {
	id     string // of a response that ended well; empty: none did
	stored bool
	items  [][]byte
	size   int64
	limit  int64 // bytes of the items
}

// see takes one event.
func (o *output) see(event []byte) {
	switch gjson.GetBytes(event, "type").Str {
	case "response.created":
		o.stored = gjson.GetBytes(event, "response.store").Bool()
	case "response.output_item.done":
		if item := gjson.GetBytes(event, "item"); item.IsObject() && !o.stored {
			o.add(item)
		}
	case "response.completed", "response.incomplete":
		o.end(gjson.GetBytes(event, "response"))
	}
}

// add keeps an item, up to the limit: beyond it nobody could send the conversation.
func (o *output) add(item gjson.Result) {
	if o.size += int64(len(item.Raw)) + 1; o.size <= o.limit {
		o.items = append(o.items, []byte(item.Raw))
	}
}

// end takes the response itself. Some providers leave its output out at the end.
func (o *output) end(response gjson.Result) {
	o.id, o.stored = response.Get("id").Str, response.Get("store").Bool()
	all := response.Get("output").Array()
	if o.stored || len(all) > 0 {
		o.items, o.size = nil, 0
	}
	if o.stored {
		return
	}
	for _, item := range all {
		o.add(item)
	}
}

// fits reports whether all items were kept.
func (o *output) fits() bool { return o.size <= o.limit }

// input is the output as the next turn sends it. Reasoning that came without its sealed form stands
// at its provider only, if at all, so it is left out; the ids of the other items, by which a provider
// would look for it, then go too.
func (o *output) input() []byte {
	kept := make([][]byte, 0, len(o.items))
	lost := false
	for _, item := range o.items {
		if isLost(gjson.ParseBytes(item)) {
			lost = true
			continue
		}
		kept = append(kept, item)
	}
	if lost {
		for i, item := range kept {
			kept[i] = withoutID(gjson.ParseBytes(item))
		}
	}
	return bytes.Join(kept, []byte(","))
}

// isLost recognises reasoning that cannot be sent back.
func isLost(item gjson.Result) bool {
	return item.Get("type").Str == "reasoning" && !wire.IsThere(item.Get("encrypted_content")) && len(item.Get("content").Array()) == 0
}

func withoutID(item gjson.Result) []byte {
	var parts [][]byte
	item.ForEach(func(key, value gjson.Result) bool {
		if key.Str != "id" {
			parts = append(parts, []byte(key.Raw+":"+value.Raw))
		}
		return true
	})
	return join([]byte("{"), bytes.Join(parts, []byte(",")), []byte("}"))
}
