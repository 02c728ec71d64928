package fakeprovider

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
)

// Table is the list of behaviours and kinds of error, for people.
func Table() string {
	var b strings.Builder
	b.WriteString("A scripted OpenAI-compatible upstream: the model name chooses what happens.\n")
	b.WriteString("Join with +, label with @, gate with -after-N, -times-N or -every-N:\n")
	b.WriteString("  slow-800ms+status-500@backup   status-429-after-2   cut-40-every-3\n\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MODEL\tWHAT HAPPENS")
	for _, x := range behaviours {
		fmt.Fprintf(w, "%s\t%s\n", x.example, x.about)
	}
	fmt.Fprintln(w, "\t")
	fmt.Fprintln(w, "KIND of error-KIND, 200-error-KIND, sse-error-...-KIND\t")
	for _, k := range kinds {
		fmt.Fprintf(w, "%s\t%d: %s\n", k.name, k.status, k.about)
	}
	_ = w.Flush() // to memory
	return b.String()
}

func (*Provider) help(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", mimeText)
	_, _ = io.WriteString(w, Table()+"\nGET /_served tells what was asked, DELETE /_served forgets it.\n")
}

// modelCard is one line of GET /v1/models.
type modelCard struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func card(id string) modelCard {
	return modelCard{ID: id, Object: "model", Created: 1700000000, OwnedBy: "fakeprovider"}
}

func (p *Provider) models(w http.ResponseWriter, _ *http.Request) {
	list := struct {
		Object string      `json:"object"`
		Data   []modelCard `json:"data"`
	}{Object: "list"}
	for _, b := range behaviours {
		list.Data = append(list.Data, card(b.example))
	}
	writeJSON(w, list)
}

func (p *Provider) model(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if _, err := parse(id); err != nil {
		k, _ := findKind("model_not_found")
		writeError(w, k.status, withModel(k.body, id))
		return
	}
	writeJSON(w, card(id))
}

func (p *Provider) showServed(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, struct {
		Served []Served       `json:"served"`
		Counts map[string]int `json:"counts"` // by model
	}{p.Served(), p.counts()})
}

func (p *Provider) counts() map[string]int {
	counts := map[string]int{}
	for _, s := range p.Served() {
		counts[s.Model]++
	}
	return counts
}

func (p *Provider) forgetServed(w http.ResponseWriter, _ *http.Request) {
	p.Reset()
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", mimeJSON)
	_ = json.NewEncoder(w).Encode(v) // a client that left misses it
}
