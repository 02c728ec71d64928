package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/output"
)

const (
	maxPage     = 1000 // the largest page the API gives
	recentLimit = 50   // how much of a log is shown when nothing is said
)

func (c *subcommand) bindLimit() {
	limit := 0
	if c.shape.endless {
		limit = recentLimit
	}
	c.cmd.Flags().IntVar(&c.limit, "limit", limit, "most rows to show; 0 is all")
}

// wanted is how many items one page should have when nothing is said.
func (s shape) wanted() int {
	if s.endless {
		return recentLimit
	}
	return maxPage
}

func (c *subcommand) runList(ctx context.Context, args []string) error {
	in, err := c.request(args)
	if err != nil {
		return err
	}
	var all proto.Message
	err = c.r.Connect(ctx, func(client *connect.Client) error {
		all, err = c.pages(ctx, client, in)
		return err
	})
	if err != nil {
		return err
	}
	p := c.r.Printer()
	if len(args) == 1 && c.count(all) == 1 {
		// One was named, so it is shown in full.
		return p.Message(all.ProtoReflect().Get(c.shape.items).List().Get(0).Message().Interface())
	}
	return c.print(p, all)
}

// print prints an answer, or all pages of one.
func (c *subcommand) print(p *output.Printer, all proto.Message) error {
	if c.shape.items == nil {
		return p.Message(unwrap(all))
	}
	if err := p.List(all, strings.ReplaceAll(string(c.shape.items.Name()), "_", " ")); err != nil {
		return err
	}
	if c.more(all) {
		_, err := fmt.Fprintf(p.Notes, "there are more than %d: --limit 0 shows all\n", c.limit)
		return err
	}
	return nil
}

// pages reads page after page into one answer, until the last page or the limit.
func (c *subcommand) pages(ctx context.Context, client *connect.Client, in proto.Message) (proto.Message, error) {
	var all proto.Message
	for {
		c.setPageSize(in, all)
		page, err := c.page(ctx, client, in)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = page
		} else {
			// What a page says beside its items is of that page alone.
			fields := all.ProtoReflect().Descriptor().Fields()
			for i := range fields.Len() {
				if !fields.Get(i).IsList() {
					all.ProtoReflect().Clear(fields.Get(i))
				}
			}
			proto.Merge(all, page)
		}
		if !c.more(all) || (c.limit > 0 && c.count(all) >= c.limit) {
			return all, nil
		}
		next := all.ProtoReflect().Get(c.shape.nextPageToken)
		if next.String() == in.ProtoReflect().Get(c.shape.pageToken).String() {
			return nil, errors.New("the server returned the same page twice")
		}
		in.ProtoReflect().Set(c.shape.pageToken, next)
	}
}

func (c *subcommand) page(ctx context.Context, client *connect.Client, in proto.Message) (proto.Message, error) {
	ctx, cancel := c.r.conn.Limit(ctx)
	defer cancel()
	return c.method.do(ctx, client, in)
}

func (c *subcommand) setPageSize(in, all proto.Message) {
	if !c.shape.paged() {
		return
	}
	size := maxPage
	if c.limit > 0 {
		size = min(size, c.limit-c.count(all))
	}
	in.ProtoReflect().Set(c.shape.pageSize, protoreflect.ValueOfInt32(int32(size)))
}

func (c *subcommand) count(all proto.Message) int {
	if all == nil {
		return 0
	}
	return all.ProtoReflect().Get(c.shape.items).List().Len()
}

// more reports whether the answer says that another page follows.
func (c *subcommand) more(all proto.Message) bool {
	return c.shape.paged() && all.ProtoReflect().Get(c.shape.nextPageToken).String() != ""
}
