// Package cli makes commands of services: a command per service, a subcommand
// per method, flags from the fields of the request, tables from the answers.
// What the services are comes from protoc-gen-trunklinectl; this package knows
// only their shapes: list, get, create, update, delete, and anything else.
package cli

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Service is what the generated code says of one service.
type Service struct {
	Use     string // the command: providers
	Doc     string // the comment of the service
	Methods []Method
	Docs    map[protoreflect.FullName]string // comments of the fields of requests
}

// Method is one RPC as a subcommand. Make it with Unary or ServerStream.
type Method struct {
	use, doc string
	in, out  protoreflect.MessageType
	stream   bool
	invoke   func(ctx context.Context, c *connect.Client, in proto.Message, emit func(proto.Message) error) error
}

// Unary describes a method with one answer: its command, its comment, and the typed client and call.
func Unary[Client any, In, Out proto.Message](
	use, doc string, newClient func(*connect.Client) Client, call func(Client, context.Context, In) (Out, error),
) Method {
	return Method{
		use: use, doc: doc, in: typeOf[In](), out: typeOf[Out](),
		invoke: func(ctx context.Context, c *connect.Client, in proto.Message, emit func(proto.Message) error) error {
			out, err := call(newClient(c), ctx, in.(In))
			if err != nil {
				return err
			}
			return emit(out)
		},
	}
}

// receiver is the client's end of a server stream.
type receiver[Out proto.Message] interface {
	Receive() (Out, error)
	Close() error
}

// ServerStream describes a method with many answers.
func ServerStream[Client any, In, Out proto.Message, Stream receiver[Out]](
	use, doc string, newClient func(*connect.Client) Client, call func(Client, context.Context, In) (Stream, error),
) Method {
	return Method{
		use: use, doc: doc, in: typeOf[In](), out: typeOf[Out](), stream: true,
		invoke: func(ctx context.Context, c *connect.Client, in proto.Message, emit func(proto.Message) error) error {
			ctx, cancel := context.WithCancel(ctx)
			st, err := call(newClient(c), ctx, in.(In))
			if err != nil {
				cancel()
				return err
			}
			// Close alone waits for the server, and cancel alone does not free the stream.
			defer func() {
				cancel()
				_ = st.Close()
			}()
			return drain(st, emit)
		},
	}
}

func drain[Out proto.Message](st receiver[Out], emit func(proto.Message) error) error {
	for {
		out, err := st.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := emit(out); err != nil {
			return err
		}
	}
}

// typeOf gives the message type of M, a pointer to a generated struct.
func typeOf[M proto.Message]() protoreflect.MessageType {
	var zero M
	return zero.ProtoReflect().Type()
}
