package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	adminPackage = "trunkline.admin.v1"
	resourceName = adminPackage + ".Resource"
)

// api is the admin API with its comments, which the generated Go code lacks.
type api struct {
	files []protoreflect.FileDescriptor
	kinds []protoreflect.MessageDescriptor // what a file of the configuration holds
}

// readAPI reads an image. Its options are those that the admin package declares, which is
// linked in through package visibility.
func readAPI(image io.Reader) (*api, error) {
	raw, err := io.ReadAll(image)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(raw, set); err != nil {
		return nil, fmt.Errorf("standard input is no image of buf build: %w", err)
	}
	registry, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	a := &api{}
	registry.RangeFilesByPackage(adminPackage, func(f protoreflect.FileDescriptor) bool {
		a.files = append(a.files, f)
		return true
	})
	slices.SortFunc(a.files, func(x, y protoreflect.FileDescriptor) int { return strings.Compare(x.Path(), y.Path()) })
	resource, err := registry.FindDescriptorByName(resourceName)
	if err != nil {
		return nil, err
	}
	spec := resource.(protoreflect.MessageDescriptor).Oneofs().ByName("spec").Fields()
	for i := range spec.Len() {
		a.kinds = append(a.kinds, spec.Get(i).Message())
	}
	return a, nil
}

// fieldsOf are a message's fields in the order in which they are written.
func fieldsOf(m protoreflect.MessageDescriptor, wanted func(protoreflect.FieldDescriptor) bool) (fields []protoreflect.FieldDescriptor) {
	for i := range m.Fields().Len() {
		if f := m.Fields().Get(i); wanted(f) {
			fields = append(fields, f)
		}
	}
	slices.SortStableFunc(fields, func(x, y protoreflect.FieldDescriptor) int { return line(x) - line(y) })
	return fields
}

func line(d protoreflect.Descriptor) int {
	return d.ParentFile().SourceLocations().ByDescriptor(d).StartLine
}

// comment is what is written above a descriptor, on one line.
func comment(d protoreflect.Descriptor) string {
	text := d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments
	return strings.Join(strings.Fields(text), " ")
}

// parts are the messages that m is made of, as far as wanted fields lead to them, each once and
// in the order in which they are met; m itself is not among them.
func parts(m protoreflect.MessageDescriptor, wanted func(protoreflect.FieldDescriptor) bool, met map[protoreflect.FullName]bool) (out []protoreflect.MessageDescriptor) {
	for _, f := range fieldsOf(m, wanted) {
		part := messageOf(f)
		if part == nil || met[part.FullName()] {
			continue
		}
		met[part.FullName()] = true
		out = append(out, part)
		out = append(out, parts(part, wanted, met)...)
	}
	return out
}

// messageOf is the message of ours that a field holds, or a list or map of them; nil: none.
func messageOf(f protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if f.IsMap() {
		f = f.MapValue()
	}
	if m := f.Message(); m != nil && m.ParentFile().Package() == adminPackage {
		return m
	}
	return nil
}
