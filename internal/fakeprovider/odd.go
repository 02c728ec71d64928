package fakeprovider

import (
	"fmt"
	"regexp"
)

// labels are Content-Types that say nothing true of an answer, by their short names.
var labels = map[string]string{"json": mimeJSON, "text": mimeText, "octets": "application/octet-stream", "none": noLabel}

// noLabel stands for no Content-Type at all.
const noLabel = "none"

func label(s *script, arg string) error {
	media, ok := labels[arg]
	if !ok {
		return fmt.Errorf("want json, text, octets or none, got %q", arg)
	}
	s.label = media
	return nil
}

var reasonForm = regexp.MustCompile(`^[A-Za-z_]{1,64}$`)

func finish(s *script, arg string) error {
	if !reasonForm.MatchString(arg) {
		return fmt.Errorf("want a reason such as length, got %q", arg)
	}
	s.finish = arg
	return nil
}

// deltaForms write a delta's member of each name from its text, a JSON string.
var deltaForms = map[string]string{
	"reasoning_text":    `%s`,
	"reasoning_details": `[{"type":"reasoning.text","text":%s}]`,
	"images":            `[{"type":"image_url","image_url":{"url":%s}}]`,
}

func deltaOf(s *script, arg string) error {
	if deltaForms[arg] == "" {
		return fmt.Errorf("want reasoning_text, reasoning_details or images, got %q", arg)
	}
	s.member = arg
	return nil
}
