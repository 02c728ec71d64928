package config

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// KindOf gives the kind and the name of a document that a caller sent.
func KindOf(doc proto.Message) (controlplane.Kind, string, error) {
	if doc == nil || !doc.ProtoReflect().IsValid() {
		return "", "", errs.Newf(errs.InvalidArgument, "a document is missing")
	}
	switch d := doc.(type) {
	case *adminv1.Settings:
		return controlplane.KindSettings, controlplane.SettingsName, nil
	case *adminv1.Provider:
		return controlplane.KindProvider, d.GetName(), nil
	case *adminv1.Group:
		return controlplane.KindGroup, d.GetName(), nil
	case *adminv1.ApiKey:
		return controlplane.KindAPIKey, d.GetName(), nil
	case *adminv1.FailureKeyword:
		return controlplane.KindFailureKeyword, d.GetName(), nil
	case *adminv1.AlertChannel:
		return controlplane.KindAlertChannel, d.GetName(), nil
	}
	return "", "", errs.Newf(errs.InvalidArgument, "a document of type %T is no part of the configuration", doc)
}

// normalizer turns documents as callers send them into stored form.
type normalizer struct {
	sealer controlplane.Sealer
	pepper []byte
	now    time.Time
	// declared says that documents come from a declarative file.
	declared bool
	allInOne bool // whether providers may be of what lives there only
}

// normalized is a document in stored form.
type normalized struct {
	spec      proto.Message
	secrets   []controlplane.Secret // to be stored with it
	generated string                // the API key made for it; empty when none was
}

// take gives the stored form of doc, which replaces old in c (nil: it is new). Secrets
// that doc does not give are kept from old. Faults of the document are violations; an
// error is a failure of ours.
func (in *normalizer) normalize(c *controlplane.Config, doc proto.Message, old *controlplane.Resource) (normalized, []errs.Violation, error) {
	spec := stripped(doc)
	visibility.KeepSettable(spec)
	t := normalized{spec: spec}
	switch d := spec.(type) {
	case *adminv1.Provider:
		var before *adminv1.Provider
		if old != nil {
			before, _ = old.Spec.(*adminv1.Provider)
		}
		controlplane.KeepImportMarks(d, before, in.declared)
		violations, err := in.provider(c, &t, d, before)
		return t, violations, err
	case *adminv1.ApiKey:
		var before *adminv1.ApiKey
		if old != nil {
			before, _ = old.Spec.(*adminv1.ApiKey)
		}
		return t, in.apiKey(&t, d, before), nil
	case *adminv1.AlertChannel:
		var before *adminv1.AlertChannel
		if old != nil {
			before, _ = old.Spec.(*adminv1.AlertChannel)
		}
		violations, err := in.alertChannel(c, &t, d, before)
		return t, violations, err
	}
	return t, nil, nil
}
