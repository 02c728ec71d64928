package importer

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Catalogue tells where prices come from; nil: from no file.
func (i *Importer) Catalogue() *adminv1.PriceCatalogue {
	s := i.cfg.Catalogue.State()
	if s.Path == "" {
		return nil
	}
	out := &adminv1.PriceCatalogue{Path: s.Path, ModelCount: int32(s.Models), ModifyTime: timestamppb.New(s.Modified)}
	if s.Fault != nil {
		out.Error = s.Fault.Error()
	}
	return out
}
