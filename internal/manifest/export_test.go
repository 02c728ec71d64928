package manifest

import "google.golang.org/protobuf/reflect/protoreflect"

// OutputOnly reports whether Write leaves the field out.
func OutputOnly(name string) bool { return outputOnly[protoreflect.Name(name)] }
