package settings

import (
	"fmt"
	"strconv"
	"time"
)

// setting is one setting. As a pflag.Value it only keeps the text: flags, environment
// and .env file are judged in one place.
type setting struct {
	flag, env string
	kind      string // what a value is, for --help; empty for a switch
	fallback  string
	help      string
	secret    bool    // the flag and env+"_FILE" name a file that holds the text
	file      *string // of a secret: gets the path of the file that it was read from
	isGiven   *bool   // gets whether any source names it; optional
	assign    func(text string) error
	given     string // by the flag
}

func (st *setting) Set(text string) error { st.given = text; return nil }
func (st *setting) String() string        { return st.given }
func (st *setting) Type() string          { return st.kind }

func (s *Set) add(st *setting) {
	flag := s.flags.VarPF(st, st.flag, "", st.help)
	if st.kind == "" {
		flag.NoOptDefVal = "true" // --flag alone turns a switch on
	}
	s.all = append(s.all, st)
}

// Given has *p say, after Parse, whether the setting of a flag that is registered was given at all: a value that
// equals the default counts.
func (s *Set) Given(p *bool, flag string) {
	for _, st := range s.all {
		if st.flag == flag {
			st.isGiven = p
			return
		}
	}
	panic("settings: no flag --" + flag + " is registered")
}

// String registers a text.
func (s *Set) String(p *string, flag, env, fallback, help string) {
	s.add(&setting{flag: flag, env: env, kind: "text", fallback: fallback, help: help, assign: func(text string) error {
		*p = text
		return nil
	}})
}

// Bool registers a switch: true or false.
func (s *Set) Bool(p *bool, flag, env string, fallback bool, help string) {
	s.add(&setting{flag: flag, env: env, fallback: strconv.FormatBool(fallback), help: help, assign: func(text string) (err error) {
		if *p, err = strconv.ParseBool(text); err != nil {
			return fmt.Errorf("%q must be true or false", text)
		}
		return nil
	}})
}

// Int registers a whole number of at least 0.
func (s *Set) Int(p *int, flag, env string, fallback int, help string) {
	s.add(&setting{flag: flag, env: env, kind: "number", fallback: strconv.Itoa(fallback), help: help, assign: func(text string) (err error) {
		if *p, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%q must be a whole number", text)
		}
		if *p < 0 {
			return fmt.Errorf("%q must be 0 or more", text)
		}
		return nil
	}})
}

// Duration registers a length of time such as 30s or 5m, which is not below 0.
func (s *Set) Duration(p *time.Duration, flag, env string, fallback time.Duration, help string) {
	s.add(&setting{flag: flag, env: env, kind: "duration", fallback: fallback.String(), help: help, assign: func(text string) (err error) {
		if *p, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%q must be a duration such as 30s or 5m", text)
		}
		if *p < 0 {
			return fmt.Errorf("%q must be 0s or more", text)
		}
		return nil
	}})
}
