package cli

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/output"
)

const (
	defaultInterval = 2 * time.Second
	minInterval     = 100 * time.Millisecond
)

// watchable reports whether asking again and again makes sense: for lists, and for one thing.
func (c *subcommand) watchable() bool {
	return !c.method.stream && (c.shape.items != nil || c.method.use == "get" || c.method.use == "explain")
}

func (c *subcommand) bindWatch() {
	c.cmd.Flags().BoolVarP(&c.watch, "watch", "w", false,
		"repeat until interrupted, then exit with 0: on a terminal the table is redrawn, elsewhere new and changed items are printed")
	c.cmd.Flags().DurationVar(&c.interval, "interval", defaultInterval, "time between two requests of --watch, 100ms or more")
}

// watcher shows answers one after the other.
type watcher struct {
	c       *subcommand
	printer *output.Printer
	redraw  bool
	seen    map[string]proto.Message // what was shown last, by its identifier
	away    bool                     // the last request failed
}

// runWatch asks until it is interrupted. A server that goes away meanwhile is waited for; one
// that never answered is an error.
func (c *subcommand) runWatch(ctx context.Context, args []string) error {
	if c.interval < minInterval {
		return exit.Usagef("--interval must be %s or more", minInterval)
	}
	in, err := c.request(args)
	if err != nil {
		return err
	}
	p := c.r.Printer()
	w := &watcher{c: c, printer: p, redraw: p.Format == output.Table && c.r.Env().Terminal(p.Out), seen: map[string]proto.Message{}}
	err = c.r.Connect(ctx, func(client *connect.Client) error {
		for first := true; ; first = false {
			answer, err := c.fetch(ctx, client, proto.CloneOf(in))
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil && (first || exit.Code(err) != exit.Unavailable):
				return err
			case err != nil:
				w.lost(err)
			default:
				if err := w.show(answer); err != nil {
					return err
				}
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(c.interval):
			}
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// fetch makes the request, or those for all pages.
func (c *subcommand) fetch(ctx context.Context, client *connect.Client, in proto.Message) (proto.Message, error) {
	if c.shape.items != nil {
		return c.pages(ctx, client, in)
	}
	return c.page(ctx, client, in)
}

func (w *watcher) lost(err error) {
	if !w.away {
		fmt.Fprintf(w.printer.Notes, "the server does not answer, retrying: %v\n", err)
	}
	w.away = true
}

func (w *watcher) show(answer proto.Message) error {
	w.away = false
	if w.redraw {
		return w.draw(answer)
	}
	if w.c.shape.items == nil {
		return w.add(map[string]bool{}, "", unwrap(answer))
	}
	items := answer.ProtoReflect().Get(w.c.shape.items).List()
	there := map[string]bool{}
	for i := range items.Len() {
		if w.c.shape.endless { // the newest comes first, and is to stand last
			i = items.Len() - 1 - i
		}
		item := items.Get(i).Message()
		if err := w.add(there, nameOf(item, i), item.Interface()); err != nil {
			return err
		}
	}
	for name := range w.seen {
		if !there[name] {
			delete(w.seen, name)
			if !w.c.shape.endless { // of a log, the older ones drop out of the page
				fmt.Fprintf(w.printer.Notes, "gone: %s\n", output.Visible(name))
			}
		}
	}
	return nil
}

// add prints what is new or has changed.
func (w *watcher) add(there map[string]bool, name string, m proto.Message) error {
	there[name] = true
	if old, ok := w.seen[name]; ok && proto.Equal(old, m) {
		return nil
	}
	w.seen[name] = m
	return w.printer.Event(m)
}

// nameOf identifies an item of a list: by its identifier, else by its first text, else by its place.
func nameOf(item protoreflect.Message, place int) string {
	if f := identifier(item.Descriptor()); f != nil {
		return item.Get(f).String()
	}
	if f := item.Descriptor().Fields().Get(0); f.Kind() == protoreflect.StringKind && !f.IsList() {
		return item.Get(f).String()
	}
	return fmt.Sprint(place)
}

// home puts the cursor at the top left and clears what is below.
const home = "\x1b[H\x1b[J"

// draw clears the terminal and shows the answer as the command without --watch does.
func (w *watcher) draw(answer proto.Message) error {
	var screen bytes.Buffer
	p := *w.printer
	p.Out, p.Notes = &screen, &screen
	fmt.Fprintf(&screen, "%s%s every %s, at %s\n\n", home, w.c.cmd.CommandPath(), w.c.interval, w.c.r.Env().Now().Format(time.TimeOnly))
	err := w.c.print(&p, answer)
	if err != nil {
		return err
	}
	_, err = w.printer.Out.Write(screen.Bytes())
	return err
}
