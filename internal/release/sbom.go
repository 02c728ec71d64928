package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// The part of CycloneDX 1.6 that is written here.
type (
	bom struct {
		Format       string      `json:"bomFormat"`
		SpecVersion  string      `json:"specVersion"`
		SerialNumber string      `json:"serialNumber"`
		Version      int         `json:"version"`
		Metadata     bomMetadata `json:"metadata"`
		Components   []component `json:"components"`
	}
	bomMetadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type     string       `json:"type"`
		Ref      string       `json:"bom-ref"`
		Name     string       `json:"name"`
		Version  string       `json:"version"`
		PURL     string       `json:"purl"`
		Licenses []licenceRef `json:"licenses"`
	}
	licenceRef struct {
		Expression string `json:"expression"`
	}
)

// writeSBOM writes what the programs and the console are made of.
func (r *release) writeSBOM(path string, parts []part) error {
	self := "pkg:golang/github.com/trunkline-ai/trunkline@" + r.version
	// A serial number that follows from the release, in the form of a UUID (version 8: vendor's own).
	id := sha256.Sum256([]byte(self + " " + r.commit))
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	b := bom{
		Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		SerialNumber: fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16]),
		Metadata: bomMetadata{
			Timestamp: r.date.Format(time.RFC3339),
			Component: component{Type: "application", Ref: self, Name: "trunkline", Version: r.version, PURL: self, Licenses: []licenceRef{{"Apache-2.0"}}},
		},
	}
	for _, p := range parts {
		b.Components = append(b.Components, component{
			Type: "library", Ref: p.purl(), Name: p.name, Version: p.version, PURL: p.purl(), Licenses: []licenceRef{{p.licence}},
		})
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
