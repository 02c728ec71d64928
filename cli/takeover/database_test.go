package takeover_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/cli/takeover"
	"github.com/trunkline-ai/trunkline/cli/takeover/gptload"
	"github.com/trunkline-ai/trunkline/cli/takeover/litellm"
	"github.com/trunkline-ai/trunkline/cli/takeover/oneapi"
)

// The same rows as a database of new-api has them, as its three databases give them.
const (
	newAPISQLite = `
CREATE TABLE channels (id integer PRIMARY KEY, type integer DEFAULT 0, "key" text NOT NULL, status integer DEFAULT 1, name text, weight integer, base_url text, models text, "group" varchar(64), model_mapping text, priority bigint);
CREATE TABLE tokens (id integer PRIMARY KEY, user_id integer, "key" char(48), status integer, name text, expired_time bigint, remain_quota integer, unlimited_quota numeric, deleted_at datetime);
CREATE TABLE options ("key" text PRIMARY KEY, value text);
CREATE TABLE users (id integer PRIMARY KEY, password text);
CREATE TABLE abilities ("group" varchar(64), model varchar(64), channel_id integer);
INSERT INTO channels VALUES (1, 1, 'canary-a' || char(10) || 'canary-b', 1, 'It''s \ OpenAI', 3, '', 'gpt-4o,gpt-4,gone', 'default', '{"gpt-4":"gpt-4.1"}', 10), (2, 14, 'canary-c', 2, 'Claude', 0, NULL, 'claude-sonnet-4', 'default', '', 0);
INSERT INTO tokens VALUES (1, 1, 'canaryTokenKey0123456789012345678901234567890123', 1, 'app', -1, 0, 1, NULL), (2, 1, 'canaryTokenKey1123456789012345678901234567890123', 1, 'deleted', -1, 0, 1, '2026-01-01 00:00:00');
INSERT INTO options VALUES ('ModelRatio', '{"gpt-4o":1.25,"gpt-4":1,"unheard":5,"odd":-1}'), ('CompletionRatio', '{"gpt-4o":4}'), ('CacheRatio', '{"gpt-4o":0.5}'), ('ModelPrice', '{"gone":0.04}'), ('GroupRatio', '{"default":1,"vip":0.5}'), ('SMTPToken', 'canary-smtp');
INSERT INTO users VALUES (1, 'canary-password');
`
	newAPIPostgres = `--
-- PostgreSQL database dump
--
SET statement_timeout = 0;
CREATE TABLE public.channels (
    id bigint NOT NULL,
    type bigint DEFAULT 0
);
COPY public.abilities ("group", model, channel_id) FROM stdin;
\.
COPY public.channels (id, type, key, status, name, weight, base_url, models, "group", model_mapping, priority) FROM stdin;
1	1	canary-a\ncanary-b	1	It's \\ OpenAI	3		gpt-4o,gpt-4,gone	default	{"gpt-4":"gpt-4.1"}	10
2	14	canary-c	2	Claude	0	\N	claude-sonnet-4	default		0
\.
COPY public.options (key, value) FROM stdin;
CacheRatio	{"gpt-4o":0.5}
CompletionRatio	{"gpt-4o":4}
GroupRatio	{"default":1,"vip":0.5}
ModelPrice	{"gone":0.04}
ModelRatio	{"gpt-4o":1.25,"gpt-4":1,"unheard":5,"odd":-1}
SMTPToken	canary-smtp
\.
COPY public.tokens (id, user_id, key, status, name, expired_time, remain_quota, unlimited_quota, deleted_at) FROM stdin;
1	1	canaryTokenKey0123456789012345678901234567890123	1	app	-1	0	t	\N
2	1	canaryTokenKey1123456789012345678901234567890123	1	deleted	-1	0	t	2026-01-01 00:00:00+00
\.
COPY public.users (id, password) FROM stdin;
1	canary-password
\.
`
	newAPIMySQL = "-- MySQL dump 10.13\n/*!40101 SET NAMES utf8mb4 */;\nDROP TABLE IF EXISTS `channels`;\n" +
		"CREATE TABLE `channels` (\n  `id` bigint NOT NULL AUTO_INCREMENT,\n  `type` bigint DEFAULT '0',\n  `key` longtext NOT NULL,\n  `status` bigint,\n  `name` varchar(191),\n  `weight` bigint,\n" +
		"  `base_url` varchar(191),\n  `models` longtext,\n  `group` varchar(64),\n  `model_mapping` text,\n  `priority` bigint,\n  PRIMARY KEY (`id`),\n  KEY `idx_channels_name` (`name`)\n) ENGINE=InnoDB;\n" +
		"INSERT INTO `channels` VALUES (1,1,'canary-a\\ncanary-b',1,'It\\'s \\\\ OpenAI',3,'','gpt-4o,gpt-4,gone','default','{\\\"gpt-4\\\":\\\"gpt-4.1\\\"}',10),(2,14,'canary-c',2,'Claude',0,NULL,'claude-sonnet-4','default','',0);\n" +
		"INSERT INTO `options` (`key`, `value`) VALUES ('CacheRatio','{\"gpt-4o\":0.5}'),('CompletionRatio','{\"gpt-4o\":4}'),('GroupRatio','{\"default\":1,\"vip\":0.5}'),('ModelPrice','{\"gone\":0.04}'),('ModelRatio','{\"gpt-4o\":1.25,\"gpt-4\":1,\"unheard\":5,\"odd\":-1}'),('SMTPToken','canary-smtp');\n" +
		"INSERT INTO `tokens` (`id`,`user_id`,`key`,`status`,`name`,`expired_time`,`remain_quota`,`unlimited_quota`,`deleted_at`) VALUES (1,1,'canaryTokenKey0123456789012345678901234567890123',1,'app',-1,0,1,NULL),\n(2,1,'canaryTokenKey1123456789012345678901234567890123',1,'deleted',-1,0,1,'2026-01-01 00:00:00.000');\n" +
		"INSERT INTO `users` (`id`,`password`) VALUES (1,'canary-password');\n"
)

// sqlite makes a database of statements.
func sqlite(t *testing.T, statements string) *takeover.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a database's #1.db")
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("#", "%23", " ", "%20").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &takeover.File{Name: path, Data: data[:16]}
}

// draft reads files and gives the documents and the report.
func draft(t *testing.T, s takeover.Source, files ...*takeover.File) (d *takeover.Draft, manifest, report string) {
	t.Helper()
	d = takeover.NewDraft(takeover.Options{UserGroup: "default"})
	if err := d.Read(s, files); err != nil {
		t.Fatal(err)
	}
	text, err := d.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := d.WriteReport(&out); err != nil {
		t.Fatal(err)
	}
	return d, string(text), out.String()
}

// TestDatabases: a SQLite file and the dumps of the two other databases say the same.
func TestDatabases(t *testing.T) {
	t.Parallel()
	var first string
	for _, f := range []*takeover.File{sqlite(t, newAPISQLite), {Name: "pg.sql", Data: []byte(newAPIPostgres)}, {Name: "mysql.sql", Data: []byte(newAPIMySQL)}} {
		d, manifest, report := draft(t, oneapi.NewAPI(), f)
		if first == "" {
			first = manifest
		}
		if manifest != first {
			t.Errorf("%s gives other documents:\n%s\nthan SQLite:\n%s", f.Name, manifest, first)
		}
		if strings.Contains(manifest+report, "canary") {
			t.Errorf("%s: a secret is told:\n%s", f.Name, report)
		}
		p := d.Providers[0]
		if p.GetName() != `It's \ OpenAI` || len(p.GetCredentials()) != 2 || len(p.GetModels()) != 3 || d.Providers[1].GetEnabled() || len(d.Keys) != 1 {
			t.Fatalf("%s: providers are %v, keys %v", f.Name, d.Providers, d.Keys)
		}
		if got := d.Value("IT_S_OPENAI_API_KEY_2"); got != "canary-b" {
			t.Errorf("%s: the second key is %q", f.Name, got)
		}
		for id, want := range map[string]string{"gpt-4o": "2.5 10 1.25 ", "gpt-4.1": "2 2  ", "gone": "   0.04"} {
			for _, m := range p.GetModels() {
				c := m.GetPrice()
				if got := strings.Join([]string{c.GetInput(), c.GetOutput(), c.GetCachedInput(), c.GetPerCall()}, " "); m.GetId() == id && got != want {
					t.Errorf("%s: %s costs %q, want %q", f.Name, id, got, want)
				}
			}
		}
		for _, want := range []string{"it prices 2 models that no channel", "prices are the same for all", "a setting of the whole gateway", "people of the console", "it was deleted"} {
			if !strings.Contains(report, want) {
				t.Errorf("%s: the report does not say %q:\n%s", f.Name, want, report)
			}
		}
	}
}

// TestTextsOfDumps: a backslash is an escape in MySQL's texts, and itself in PostgreSQL's.
func TestTextsOfDumps(t *testing.T) {
	t.Parallel()
	const insert = `INSERT INTO public.channels (id, type, key, name, models, "group") VALUES (1, 1, 'k', 'a\nb''c', 'm', 'default'), (2, 1, E'k\'', E'a\\b', 'm', 'default');` + "\n"
	for head, want := range map[string][2]string{
		"--\n-- PostgreSQL database dump\n--\n": {`a\nb'c`, `a\b`},
		"PRAGMA foreign_keys=OFF;\n":            {`a\nb'c`, `a\b`},
		"-- MySQL dump 10.13\n":                 {"ab'c", `a\b`}, // no name has a line break
	} {
		d, _, _ := draft(t, oneapi.OneAPI(), &takeover.File{Name: "d.sql", Data: []byte(head + insert)})
		if d.Providers[0].GetName() != want[0] || d.Providers[1].GetName() != want[1] {
			t.Errorf("%q: the names are %q and %q, want %q", head, d.Providers[0].GetName(), d.Providers[1].GetName(), want)
		}
	}
}

// TestGPTLoadDatabase: groups and keys of its SQLite file; keys that are encrypted there are left out.
func TestGPTLoadDatabase(t *testing.T) {
	t.Parallel()
	f := sqlite(t, `
CREATE TABLE "groups" (id integer PRIMARY KEY, name text, upstreams json, channel_type text, test_model text, proxy_keys text, config json);
CREATE TABLE api_keys (id integer PRIMARY KEY, key_value text, group_id integer, status text);
CREATE TABLE request_logs (id text PRIMARY KEY);
INSERT INTO "groups" VALUES (1, 'pool', '[{"url":"https://pool.example.com","weight":2}]', 'openai', 'gpt-4o', '', '{"connect_timeout":5}');
INSERT INTO api_keys VALUES (1, 'canary-active', 1, 'active'), (2, 'canary-bad', 1, 'invalid'), (3, '`+strings.Repeat("ab", 50)+`', 1, 'active');`)
	d, manifest, report := draft(t, gptload.Source{}, f)
	if len(d.Providers) != 1 || len(d.Providers[0].GetCredentials()) != 2 || d.Providers[0].GetCredentials()[1].GetEnabled() || d.Providers[0].GetTimeouts().GetConnect().GetSeconds() != 5 {
		t.Errorf("providers are %v", d.Providers)
	}
	if strings.Contains(manifest+report, "canary") || !strings.Contains(report, "it is encrypted in the database") || !strings.Contains(report, "request_logs") {
		t.Errorf("the report is:\n%s", report)
	}
}

// TestDatabasesOfTheDocuments reads the files that the commands of the documents name.
func TestDatabasesOfTheDocuments(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]takeover.Source{"one-api.db": oneapi.OneAPI(), "gpt-load.db": gptload.Source{}, "new-api.sql": oneapi.NewAPI()} {
		path := filepath.Join("testdata", "databases", name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d, _, report := draft(t, source, &takeover.File{Name: path, Data: data})
		if len(d.Providers) != 1 || len(d.Groups) != 1 || strings.Contains(report, "canary") {
			t.Errorf("%s: providers %v, groups %v, report:\n%s", name, d.Providers, d.Groups, report)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, data) {
			t.Errorf("%s was changed, %v", name, err)
		}
	}
}

// TestBadDatabases: what is no database of the gateway, is cut off or written in another way is refused, and says what to do.
func TestBadDatabases(t *testing.T) {
	t.Parallel()
	dump := func(text string) *takeover.File { return &takeover.File{Name: "d.sql", Data: []byte(text)} }
	for what, tt := range map[string]struct {
		source takeover.Source
		file   *takeover.File
		want   string
	}{
		"another program's":      {oneapi.OneAPI(), sqlite(t, `CREATE TABLE notes (id integer)`), "is it an export of one-api?"},
		"of LiteLLM":             {litellm.Source{}, sqlite(t, `CREATE TABLE notes (id integer)`), "but this gateway's configuration is not"},
		"a dump of LiteLLM":      {litellm.Source{}, dump("-- x\nCREATE TABLE a (\n);\n"), "but this gateway's configuration is not"},
		"a damaged file":         {oneapi.OneAPI(), damaged(t), "database"},
		"a schema alone":         {oneapi.OneAPI(), dump("-- x\nCREATE TABLE `users` (\n  `id` int\n);\nCREATE TABLE `channels` (\n  `id` int\n);\n"), "without rows of channels"},
		"a COPY that is cut off": {oneapi.OneAPI(), dump("-- x;\nCOPY channels (id, type) FROM stdin;\n1\t2\n"), "line 2: a COPY is not terminated"},
		"an INSERT cut off":      {oneapi.OneAPI(), dump("-- x;\nINSERT INTO channels (id, name) VALUES (1,'a"), "line 2: a string is not terminated"},
		"other columns":          {oneapi.OneAPI(), dump("-- x;\nINSERT INTO channels (id) VALUES (1,2);\n"), "2 values for 1 columns"},
		"unknown columns":        {oneapi.OneAPI(), dump("-- x;\nINSERT INTO channels VALUES (1,2);\n"), "2 values for 0 columns"},
		"hexadecimal":            {oneapi.OneAPI(), dump("-- x;\nINSERT INTO channels (id) VALUES (0xAB);\n"), "dump without --hex-blob"},
		"a function":             {oneapi.OneAPI(), dump("-- x;\nINSERT INTO channels (id) VALUES (now());\n"), "dump without --hex-blob"},
		"no rows":                {oneapi.OneAPI(), dump("-- x;\nINSERT INTO channels (id) VALUES ;\n"), "does not start with a parenthesis"},
		"an empty value":         {oneapi.OneAPI(), dump("-- x;\nINSERT INTO channels (id) VALUES (,);\n"), "neither a number nor a string"},
	} {
		d := takeover.NewDraft(takeover.Options{})
		if err := d.Read(tt.source, []*takeover.File{tt.file}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", what, err, tt.want)
		}
	}
}

// TestNoDump: a YAML document that begins with its marker is none, whatever stands in it.
func TestNoDump(t *testing.T) {
	t.Parallel()
	file := &takeover.File{Name: "config.yaml", Data: []byte("---\n# one model; more to come\nmodel_list:\n- model_name: gpt\n  litellm_params: {model: openai/gpt-4o, api_key: canary-key-0123456789}\n")}
	if d, _, _ := draft(t, litellm.Source{}, file); len(d.Providers) != 1 {
		t.Errorf("providers %v, want one", d.Providers)
	}
}

func damaged(t *testing.T) *takeover.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged.db")
	data := append([]byte("SQLite format 3\x00"), bytes.Repeat([]byte{7}, 5000)...)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return &takeover.File{Name: path, Data: data[:16]}
}
