// Package images is OpenAI's making and changing of images.
package images

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Family is the API.
var Family = wire.Family{
	Name: "images", Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{
		{Path: "/images/generations", Operation: "image_generation", Lists: []string{"data"}, Measure: count, Stream: stream},
		{Path: "/images/edits", Operation: "image_generation", Lists: []string{"data"}, Measure: count, Form: true, Stream: stream},
		{Path: "/images/variations", Operation: "image_generation", Lists: []string{"data"}, Measure: count, Form: true},
	},
}

// With n above 1 each image has its own last event, so the stream goes on behind it.
var stream = &wire.Stream{
	Typed: true, Plain: true, Finish: []string{"image_generation.completed", "image_edit.completed"},
	Images: true, Failed: []string{"error"}, Usage: []string{"usage"},
}

// count counts the images, which have a price of their own at some providers.
func count(answer []byte, u *dataplane.Usage) {
	u.Images = gjson.GetBytes(answer, "data.#").Int()
}
