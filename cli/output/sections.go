package output

import (
	"io"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// parts gives the messages of an answer that is nothing but a list of messages with lists
// of their own and no view: a row could not show them. It is nil for any other answer.
func (p *Printer) parts(m protoreflect.Message) []protoreflect.Message {
	fields := m.Descriptor().Fields()
	if fields.Len() != 1 || Items(m.Descriptor()) == nil || Items(fields.Get(0).Message()) == nil {
		return nil
	}
	if _, ok := p.Views[fields.Get(0).Message().FullName()]; ok {
		return nil
	}
	list := m.Get(fields.Get(0)).List()
	parts := make([]protoreflect.Message, list.Len())
	for i := range parts {
		parts[i] = list.Get(i).Message()
	}
	return parts
}

// sections prints one message after the other, a blank line between them.
func (p *Printer) sections(parts []protoreflect.Message) error {
	for i, part := range parts {
		if i > 0 {
			if _, err := io.WriteString(p.Out, "\n"); err != nil {
				return err
			}
		}
		if err := p.describe(part); err != nil {
			return err
		}
	}
	return nil
}
