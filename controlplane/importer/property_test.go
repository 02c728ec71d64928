package importer_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// TestAdminsChangesAreNeverOverwritten makes random imports and edits, through everything
// that lies between them and a database, beside a simple account of what admins did.
func TestAdminsChangesAreNeverOverwritten(t *testing.T) {
	t.Parallel()
	const histories, steps = 12, 25
	for seed := range uint64(histories) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := &history{
				world: newWorld(t), random: rand.New(rand.NewPCG(seed, 7)),
				set: map[string]string{}, removed: map[string]bool{}, own: map[string]bool{},
			}
			h.admin(t, func(p *adminv1.Provider) {})
			for step := range steps {
				what := h.step(t)
				h.check(t, fmt.Sprintf("after step %d, %s", step, what))
			}
		})
	}
}

// history is one random history, and the account of it: what admins set last, by
// "model field", the models they removed, and those they wrote.
type history struct {
	*world
	random  *rand.Rand
	set     map[string]string
	removed map[string]bool
	own     map[string]bool
}

const models = 6

func (h *history) id() string { return fmt.Sprintf("v/m%d", h.random.IntN(models)) }

func (h *history) step(t *testing.T) string {
	t.Helper()
	switch h.random.IntN(6) {
	case 0, 1, 2:
		return h.importSome(t)
	case 3:
		return h.edit(t)
	case 4:
		return h.remove(t)
	default:
		return h.write(t)
	}
}

// importSome imports another list, by other rules, at other prices.
func (h *history) importSome(t *testing.T) string {
	h.upstream.listed = nil
	for n := range models {
		if h.random.IntN(3) > 0 {
			m := remote.Model{ID: fmt.Sprintf("v/m%d", n), ContextWindow: int64(h.random.IntN(3))}
			if h.random.IntN(2) == 0 {
				m.Price = &adminv1.Price{Input: fmt.Sprint(h.random.IntN(3))}
			}
			h.upstream.listed = append(h.upstream.listed, m)
		}
	}
	if len(h.upstream.listed) == 0 {
		h.upstream.listed = []remote.Model{{ID: "v/m0"}}
	}
	rules := &adminv1.ImportRules{SkipAliasConflicts: true}
	if h.random.IntN(2) == 0 {
		rules.Alias = &adminv1.AliasTemplate{StripVendor: true, Prefix: fmt.Sprint(h.random.IntN(2))}
	}
	restore := h.random.IntN(8) == 0
	if restore {
		for _, m := range h.upstream.listed {
			if h.removed[m.ID] {
				delete(h.removed, m.ID)
			}
		}
	}
	if _, err := h.importModels(t, &adminv1.ImportModelsRequest{Name: "p", Rules: rules, RestoreRemoved: restore}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("an import of %d models", len(h.upstream.listed))
}

// edit sets a field of a model to something that no import writes.
func (h *history) edit(t *testing.T) string {
	id, field, n := h.id(), h.random.IntN(3), h.random.IntN(1000)
	h.admin(t, func(p *adminv1.Provider) {
		for _, m := range p.GetModels() {
			if m.GetId() != id {
				continue
			}
			switch field {
			case 0:
				m.Alias = fmt.Sprintf("admin-%s-%d", id, n)
				h.set[id+" alias"] = m.GetAlias()
			case 1:
				m.Price = &adminv1.Price{Output: fmt.Sprint(1000 + n)}
				h.set[id+" price"] = m.GetPrice().GetOutput()
			default:
				m.ContextWindow = int64(1000 + n)
				h.set[id+" window"] = fmt.Sprint(m.GetContextWindow())
			}
		}
	})
	return "an edit of " + id
}

func (h *history) remove(t *testing.T) string {
	id := h.id()
	h.admin(t, func(p *adminv1.Provider) {
		before := len(p.GetModels())
		p.Models = slices.DeleteFunc(p.GetModels(), func(m *adminv1.Model) bool { return m.GetId() == id })
		if len(p.GetModels()) < before && !h.own[id] {
			h.removed[id] = true
		}
		delete(h.own, id)
		h.forget(id)
	})
	return "a removal of " + id
}

// write has an admin add a model by hand, once.
func (h *history) write(t *testing.T) string {
	id := h.id()
	h.admin(t, func(p *adminv1.Provider) {
		if slices.ContainsFunc(p.GetModels(), func(m *adminv1.Model) bool { return m.GetId() == id }) {
			return
		}
		p.Models = append(p.Models, &adminv1.Model{Id: id})
		h.own[id] = true
		delete(h.removed, id)
		h.set[id+" alias"], h.set[id+" price"], h.set[id+" window"] = "", "", "0"
	})
	return "a model by hand: " + id
}

func (h *history) forget(id string) {
	for _, field := range []string{"alias", "price", "window"} {
		delete(h.set, id+" "+field)
	}
}

// check holds the provider to the account.
func (h *history) check(t *testing.T, when string) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range h.provider(t).GetModels() {
		seen[m.GetId()] = true
		if h.removed[m.GetId()] {
			t.Fatalf("%s: %s is back, which an admin removed", when, m.GetId())
		}
		for field, got := range map[string]string{
			"alias": m.GetAlias(), "price": m.GetPrice().GetOutput(), "window": fmt.Sprint(m.GetContextWindow()),
		} {
			if want, ok := h.set[m.GetId()+" "+field]; ok && got != want {
				t.Fatalf("%s: %s of %s is %q, and an admin set %q", when, field, m.GetId(), got, want)
			}
		}
		if h.own[m.GetId()] != (m.GetImported() == nil) {
			t.Fatalf("%s: %s is an admin's: %t, its origin %v", when, m.GetId(), h.own[m.GetId()], m.GetImported())
		}
	}
	known := h.provider(t).GetImport().GetRemovedModels()
	if want := slices.Sorted(maps.Keys(h.removed)); !slices.Equal(known, want) {
		t.Fatalf("%s: known as removed are %v, want %v", when, known, want)
	}
	for id := range h.own {
		if !seen[id] {
			t.Fatalf("%s: %s is gone, which an admin wrote", when, id)
		}
	}
}

// A declarative file that is applied again takes nothing away from scheduled imports, and
// an export that is applied changes nothing.
func TestFilesAndImports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := &adminv1.Provider{
		Name: "p", BaseUrl: "https://p.example/v1", Models: []*adminv1.Model{{Id: "own"}},
		Import: &adminv1.ProviderImport{Interval: durationpb.New(time.Hour)},
	}
	apply := func(doc proto.Message) []config.ResourceChange {
		t.Helper()
		result, err := config.NewEditor(w.live).Apply(t.Context(), "file", []proto.Message{doc}, config.ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return result.Changes
	}
	apply(file)
	w.upstream.listed = []remote.Model{{ID: "a"}, {ID: "b"}}
	if _, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "p"}); err != nil {
		t.Fatal(err)
	}
	if changes := apply(file); changes[0].Op != config.OpUnchanged {
		t.Errorf("the file again changes %q", changes[0].Differences)
	}
	_, docs := config.NewEditor(w.live).Export()
	exported := docs[slices.IndexFunc(docs, func(d proto.Message) bool { _, ok := d.(*adminv1.Provider); return ok })].(*adminv1.Provider)
	exported = proto.CloneOf(exported)
	for _, m := range exported.GetModels() {
		m.Imported = nil // as a YAML export has it
	}
	if changes := apply(exported); changes[0].Op != config.OpUnchanged {
		t.Errorf("the export changes %q", changes[0].Differences)
	}
	if ids := w.ids(t); !slices.Equal(ids, []string{"own", "a", "b"}) {
		t.Errorf("models %v", ids)
	}
	file.Import = nil // imports are made by hand now: the file says what there is
	apply(file)
	if ids := w.ids(t); !slices.Equal(ids, []string{"own"}) {
		t.Errorf("models %v", ids)
	}
	if _, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "p"}); err != nil {
		t.Fatal(err)
	}
	if ids := w.ids(t); !slices.Equal(ids, []string{"own"}) {
		t.Errorf("an import brought back what the file left out: %v", ids)
	}
}
