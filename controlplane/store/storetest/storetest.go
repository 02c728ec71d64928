// Package storetest says what every store of the control plane must do, whatever the
// database below it. Each engine runs the whole suite against a real server or file.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/controlplane/importer"
	"github.com/trunkline-ai/trunkline/controlplane/rollout"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// The roles, under names that tell them apart.
type (
	ConfigStore = interface {
		config.Store
		History(ctx context.Context, revision controlplane.Revision) ([]byte, error)
	}
	CallStore   = calllog.Store
	GapStore    = calllog.GapStore
	UsageStore  = calllog.UsageStore
	BodyStore   = calllog.BodyStore
	AccessStore = access.Store
	SecretStore = interface {
		EnsureSecret(ctx context.Context, s controlplane.Secret) (controlplane.Secret, error)
		Secret(ctx context.Context, ref string) (controlplane.Secret, error)
		ReplaceSecret(ctx context.Context, ref string, before, after []byte) error
		RetireSecrets(ctx context.Context, t time.Time) (removed int, err error)
	}
	MasterKeyStore  = secrets.MasterStore
	ImportStore     = importer.Store
	FleetStore      = fleet.Store
	EnrollmentStore = enrollment.Store
	AlertStore      = alerts.Store
	RolloutStore    = rollout.Store
)

// Store is every role that the control plane asks of one database.
type Store struct {
	DB
	ConfigStore
	CallStore
	GapStore
	UsageStore
	BodyStore
	AccessStore
	SecretStore
	MasterKeyStore
	ImportStore
	FleetStore
	EnrollmentStore
	AlertStore
	AuditStore
	RolloutStore
}

// DB is the open database itself.
type DB interface {
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error)
	Ping(ctx context.Context) error
	Close() error
}

// Database is one database, empty at first, of one test.
type Database struct {
	// Open opens it once more, with a clock. The test ends with the handle closed.
	Open func(t testing.TB, now func() time.Time) Store
	// Replicas is how many handles write at the same time where it matters.
	Replicas int
}

// Run runs the suite; fresh makes an empty database for one test.
func Run(t *testing.T, fresh func(t testing.TB) Database) {
	for name, test := range map[string]func(*testing.T, Database){
		"StartsEmpty":                   startsEmpty,
		"CreateUpdateDelete":            createUpdateDelete,
		"EveryKindComesBackAsWritten":   everyKindComesBackAsWritten,
		"CallerKeepsItsDocument":        callerKeepsItsDocument,
		"NothingToDo":                   nothingToDo,
		"DecideRefuses":                 decideRefuses,
		"StaleEtagIsRefused":            staleEtagIsRefused,
		"InvalidResultRollsBack":        invalidResultRollsBack,
		"BadOpsAreRefused":              badOpsAreRefused,
		"SecretsFollowDocuments":        secretsFollowDocuments,
		"SecretRefsAreNeverReused":      secretRefsAreNeverReused,
		"MasterKeys":                    masterKeys,
		"SecretsAreResealed":            secretsAreResealed,
		"LostSecretsAreForgotten":       lostSecretsAreForgotten,
		"SecretsAreReplaced":            secretsAreReplaced,
		"SecretsAreRetired":             secretsAreRetired,
		"EnsureSecretHasOneWinner":      ensureSecretHasOneWinner,
		"BulkChangeIsOneRevision":       bulkChangeIsOneRevision,
		"RestartKeepsEverything":        restartKeepsEverything,
		"FollowEqualsLoad":              followEqualsLoad,
		"FollowIsIdleWithoutChanges":    followIsIdleWithoutChanges,
		"BaseOfAnotherHistoryIsRefused": baseOfAnotherHistoryIsRefused,
		"ChangesNeverCutARevision":      changesNeverCutARevision,
		"RacingUpdatesLoseNothing":      racingUpdatesLoseNothing,
		"RevocationsOutliveEverything":  revocationsOutliveEverything,
		"ManyRevocationsAtOnce":         manyRevocationsAtOnce,
		"AdoptedDatabaseIsFollowed":     adoptedDatabaseIsFollowed,
		"RevisionsInPages":              revisionsInPages,
		"OldSecretsAreFound":            oldSecretsAreFound,
		"NotifyEndsWithItsContext":      notifyEndsWithItsContext,
		"CallComesBackAsWritten":        callComesBackAsWritten,
		"CallsAreStoredOnce":            callsAreStoredOnce,
		"RejectedCallsHoldUpNobody":     rejectedCallsHoldUpNobody,
		"CallFilters":                   callFilters,
		"CallPagesAreStable":            callPagesAreStable,
		"SearchesGoOnWhereTheyEnded":    searchesGoOnWhereTheyEnded,
		"OldCallsAreDeletedInPieces":    oldCallsAreDeletedInPieces,
		"CallsAreFollowed":              callsAreFollowed,
		"BodiesOfCalls":                 bodiesOfCalls,
		"OldBodiesAreDeleted":           oldBodiesAreDeleted,
		"UsageOfDays":                   usageOfDays,
		"UsageIsCountedOnce":            usageIsCountedOnce,
		"FoldingIsNotSeen":              foldingIsNotSeen,
		"UsageQueries":                  usageQueries,
		"KeyUse":                        keyUse,
		"AttemptQueries":                attemptQueries,
		"UsageSurvivesAbsurdCalls":      usageSurvivesAbsurdCalls,
		"VerifyFindsWhatDiffers":        verifyFindsWhatDiffers,
		"TotalsAreAddedOnce":            totalsAreAddedOnce,
		"GapsAreListed":                 gapsAreListed,
		"ReceiptsTellThatItWentBack":    receiptsTellThatItWentBack,
		"TheChangeLogKnowsNames":        theChangeLogKnowsNames,
		"TheHistoryTellsPastsApart":     theHistoryTellsPastsApart,
		"RefusedRecordsAreKept":         refusedRecordsAreKept,
		"OldUsageIsDeleted":             oldUsageIsDeleted,
		"Imports":                       imports,
		"OldImportsAreForgotten":        oldImportsAreForgotten,
		"ImportSchedulesCountFailures":  importSchedulesCountFailures,
		"AlertsAreChangedTogether":      alertsAreChangedTogether,
		"NoticesBecomeOneDelivery":      noticesBecomeOneDelivery,
		"DeliveriesAreClaimedOnce":      deliveriesAreClaimedOnce,
		"DeliveriesInPages":             deliveriesInPages,
		"Sessions":                      sessions,
		"Users":                         users,
		"UsersChangeOneAtATime":         usersChangeOneAtATime,
		"LastOwnerStays":                lastOwnerStays,
		"UsersTakeWhatTheyHadWithThem":  usersTakeWhatTheyHadWithThem,
		"SecondFactors":                 secondFactors,
		"SecondFactorsAreResealed":      secondFactorsAreResealed,
		"SignInFailures":                signInFailures,
		"Tokens":                        tokens,
		"ExpiredAccessIsDeleted":        expiredAccessIsDeleted,
		"JoinTokens":                    joinTokens,
		"JoinTokenIsUsedOnce":           joinTokenIsUsedOnce,
		"EnrollmentIsCounted":           enrollmentIsCounted,
		"JoinedNodes":                   joinedNodes,
		"RevokedNodesStayOut":           revokedNodesStayOut,
		"StaleJoinsAreDeleted":          staleJoinsAreDeleted,
		"NewestStreamOfANodeIsKept":     newestStreamOfANodeIsKept,
		"ManyNodesOfRacingReplicas":     manyNodesOfRacingReplicas,
		"DrainIsOfOneStart":             drainIsOfOneStart,
		"OrdersAreTakenOnce":            ordersAreTakenOnce,
		"RolloutsAreTakenFurtherOnce":   rolloutsAreTakenFurtherOnce,
		"GoneNodesExpire":               goneNodesExpire,
		"AuditEventComesBackAsWritten":  auditEventComesBackAsWritten,
		"ChangesAndTheirEventsAreOne":   changesAndTheirEventsAreOne,
		"RacingEventsMakeOneChain":      racingEventsMakeOneChain,
		"FailedSignInsAreCounted":       failedSignInsAreCounted,
		"OldAuditEventsAreRemoved":      oldAuditEventsAreRemoved,
		"ClosedStoreIsUnavailable":      closedStoreIsUnavailable,
		"EndedContextIsUnavailable":     endedContextIsUnavailable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

// clock is a time with more precision than is kept, in a zone that is not UTC, which
// moves on by a second each time it is asked.
type clock struct{ at time.Time }

func newClock() *clock {
	return &clock{time.Date(2026, 11, 23, 8, 0, 0, 123456789, time.FixedZone("UTC+2", 2*3600))}
}

func (c *clock) now() time.Time {
	c.at = c.at.Add(time.Second)
	return c.at
}

// kept is the present time as a database keeps it.
func (c *clock) kept() time.Time { return c.at.UTC().Truncate(time.Microsecond) }

// wantCode checks an error's code, and that its message tells nothing about the database.
func wantCode(t testing.TB, err error, want errs.Code) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s", want)
		return
	}
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		t.Errorf("error %v is not of package errs", err)
		return
	}
	if e.Code != want {
		t.Errorf("error %v is %s, want %s", err, e.Code, want)
	}
	if e.Message == "" || driverText.MatchString(e.Message) {
		t.Errorf("message %q is empty or holds what the driver said", e.Message)
	}
}

// driverText is what only drivers and servers say.
var driverText = regexp.MustCompile(`(?i)SQLSTATE|sqlite|pgx|constraint|dial|127\.0\.0\.1|sql:|tx |context|syntax`)

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantEqual compares messages by content, nil with empty slices as equal, and of resources
// what can be seen of them.
func wantEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform(), cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(controlplane.Resource{})); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// configState is what can be seen of a configuration.
type configState struct {
	Revision  controlplane.Revision
	Lineage   string
	Resources []*controlplane.Resource
}

func stateOf(c *controlplane.Config) configState {
	s := configState{Revision: c.Revision, Lineage: c.Lineage}
	for _, kind := range controlplane.Kinds {
		s.Resources = append(s.Resources, c.List(kind)...)
	}
	return s
}

// wantSameConfig compares two configurations, with the secrets named by refs.
func wantSameConfig(t testing.TB, what string, got, want *controlplane.Config, refs ...string) {
	t.Helper()
	wantEqual(t, what, stateOf(got), stateOf(want))
	for _, ref := range refs {
		g, gok := got.Secret(ref)
		w, wok := want.Secret(ref)
		if gok != wok || string(g) != string(w) {
			t.Errorf("%s: secret %s is %q (%t), want %q (%t)", what, ref, g, gok, w, wok)
		}
	}
}

func numbered(format string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}
