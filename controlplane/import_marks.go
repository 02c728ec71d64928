package controlplane

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// maxRemovedModels bounds ProviderImport.removed_models, as the proto does.
const maxRemovedModels = 10_000

// KeepImportMarks gives the models of d, which replaces before, the marks that imports left on
// them, and notes which imported models d leaves out: imports do not bring those back.
//
// A declarative file that has its provider imported on a schedule does not name what
// imports brought, so there the models stay: with declared, leaving out is not removing.
func KeepImportMarks(d, before *adminv1.Provider, declared bool) {
	marked := map[string]*adminv1.Model{}
	for _, m := range before.GetModels() {
		if m.GetImported() != nil {
			marked[m.GetId()] = m
		}
	}
	removed := map[string]bool{}
	for _, id := range before.GetImport().GetRemovedModels() {
		removed[id] = true
	}
	for id := range marked {
		removed[id] = true
	}
	for _, m := range d.GetModels() {
		delete(removed, m.GetId())
		if old := marked[m.GetId()]; old != nil {
			m.Imported = proto.CloneOf(old.GetImported())
		}
	}
	if declared && d.GetImport().GetInterval() != nil {
		for _, m := range before.GetModels() {
			if marked[m.GetId()] != nil && removed[m.GetId()] {
				d.Models = append(d.Models, proto.CloneOf(m))
				delete(removed, m.GetId())
			}
		}
	}
	SetRemovedModels(d, slices.Collect(maps.Keys(removed)))
}

// SetRemovedModels notes the ids of imported models that an admin removed. A provider that
// has nothing to say about imports has no import settings.
func SetRemovedModels(d *adminv1.Provider, ids []string) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	ids = ids[:min(len(ids), maxRemovedModels)]
	if d.GetImport() == nil && len(ids) > 0 {
		d.Import = &adminv1.ProviderImport{}
	}
	if d.GetImport() == nil {
		return
	}
	d.Import.RemovedModels = ids
	if d.Import.GetRules() == nil && d.Import.GetInterval() == nil && len(ids) == 0 {
		d.Import = nil
	}
}
