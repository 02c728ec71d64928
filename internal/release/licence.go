package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	// termsFile is how files with a licence or a notice are called; noticeFile those that are no licence.
	termsFile  = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|unlicense)([._-].*)?$`)
	noticeFile = regexp.MustCompile(`(?i)^notice`)
)

// apart are files of a part that are about nothing in the programs.
var apart = map[string]bool{"modernc.org/memory/LICENSE-LOGO": true} // a picture

// term is one file of the terms under which a part may be passed on.
type term struct{ file, text string }

// terms are the files with licences and notices of a part.
func (p part) terms() (all []term, err error) {
	files, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, fmt.Errorf("the licence of %s: %w", p.name, err)
	}
	for _, file := range files {
		if file.IsDir() || !termsFile.MatchString(file.Name()) || strings.HasSuffix(file.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(p.dir, file.Name()))
		if err != nil {
			return nil, fmt.Errorf("the licence of %s: %w", p.name, err)
		}
		all = append(all, term{file.Name(), string(text)})
	}
	return all, nil
}

// licences are told by sentences that each of them has and no other one. Texts are compared in lower case with single
// spaces. BSD's are alike but for one clause.
var licences = []struct {
	id  string
	has []string
	not string
}{
	{"Apache-2.0", []string{"apache license version 2.0, january 2004"}, ""},
	{"Apache-2.0", []string{"licensed under the apache license, version 2.0 (the \"license\"); you may not use this file except in compliance"}, ""},
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "this permission notice shall be included in all copies or substantial portions"}, ""},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms, with or without modification, are permitted provided that", "to endorse or promote products derived from this software"}, ""},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms, with or without modification, are permitted provided that"}, "to endorse or promote products derived from this software"},
	{"ISC", []string{"permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice"}, ""},
	{"MPL-2.0", []string{"mozilla public license version 2.0", "1.1. \"contributor\""}, ""},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}, ""},
	{"CC0-1.0", []string{"creative commons legal code", "cc0 1.0 universal"}, ""},
	{"LicenseRef-SQLite-Public-Domain", []string{"all of the code and documentation in sqlite has been dedicated to the public domain"}, ""},
}

var space = strings.NewReplacer("and/or distribute", "and distribute", "“", `"`, "”", `"`)

// identify names the licences of a text, in SPDX's words.
func identify(text string) (ids []string) {
	text = space.Replace(strings.Join(strings.Fields(strings.ToLower(text)), " "))
	for _, l := range licences {
		lacks := func(sentence string) bool { return !strings.Contains(text, sentence) }
		if !slices.ContainsFunc(l.has, lacks) && (l.not == "" || lacks(l.not)) {
			ids = append(ids, l.id)
		}
	}
	return ids
}

// findLicences fills in the licence of each part that does not declare one, from its files. One that is not recognised
// is an error: an SBOM that leaves licences out looks like one without obligations.
func findLicences(parts []part) error {
	for i := range parts {
		p := &parts[i]
		if p.licence != "" {
			continue
		}
		terms, err := p.terms()
		if err != nil {
			return err
		}
		var found []string
		for _, t := range terms {
			if noticeFile.MatchString(t.file) || apart[p.name+"/"+t.file] {
				continue
			}
			ids := identify(t.text)
			if len(ids) == 0 {
				return fmt.Errorf("%s of %s %s is no licence that is known here: add it to the list in internal/release/licence.go", t.file, p.name, p.version)
			}
			found = append(found, ids...)
		}
		if len(found) == 0 {
			return fmt.Errorf("%s %s has no licence", p.name, p.version)
		}
		slices.Sort(found)
		p.licence = strings.Join(slices.Compact(found), " AND ")
	}
	return nil
}
