package adminapi

import (
	"cmp"
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Alerts tells people what happens.
type Alerts interface {
	// List lists alerts: those that fire first, then the newest.
	List(ctx context.Context, event string, withResolved bool) (list []*adminv1.Alert, firing int, err error)
	// Deliveries lists what was sent, newest first.
	Deliveries(ctx context.Context, f alerts.Filter) ([]alerts.Delivery, error)
	// Test sends a test message.
	Test(ctx context.Context, req *adminv1.TestAlertChannelRequest) (*adminv1.TestAlertChannelResponse, error)
}

// alertChannelService manages alert channels.
type alertChannelService struct {
	documents

	alerts Alerts
	names  filterNames
}

// ListAlertChannels lists alert channels in name order.
func (s alertChannelService) ListAlertChannels(ctx context.Context, req *adminv1.ListAlertChannelsRequest) (*adminv1.ListAlertChannelsResponse, error) {
	page, err := listing[*adminv1.AlertChannel]{kind: controlplane.KindAlertChannel}.list(s.live.Current(), req)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListAlertChannelsResponse{NextPageToken: page.next, TotalSize: int32(page.total)}
	for _, r := range page.resources {
		res.AlertChannels = append(res.AlertChannels, s.view(ctx, r))
	}
	return res, nil
}

// GetAlertChannel returns one alert channel.
func (s alertChannelService) GetAlertChannel(ctx context.Context, req *adminv1.GetAlertChannelRequest) (*adminv1.GetAlertChannelResponse, error) {
	r, err := s.get(controlplane.KindAlertChannel, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetAlertChannelResponse{AlertChannel: s.view(ctx, r)}, nil
}

// CreateAlertChannel creates an alert channel.
func (s alertChannelService) CreateAlertChannel(ctx context.Context, req *adminv1.CreateAlertChannelRequest) (*adminv1.CreateAlertChannelResponse, error) {
	r, _, err := s.create(ctx, req.GetAlertChannel())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateAlertChannelResponse{AlertChannel: s.view(ctx, r)}, nil
}

// UpdateAlertChannel replaces an alert channel.
func (s alertChannelService) UpdateAlertChannel(ctx context.Context, req *adminv1.UpdateAlertChannelRequest) (*adminv1.UpdateAlertChannelResponse, error) {
	r, err := s.update(ctx, req, req.GetAlertChannel())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateAlertChannelResponse{AlertChannel: s.view(ctx, r)}, nil
}

// DeleteAlertChannel deletes an alert channel.
func (s alertChannelService) DeleteAlertChannel(ctx context.Context, req *adminv1.DeleteAlertChannelRequest) (*adminv1.DeleteAlertChannelResponse, error) {
	if err := s.remove(ctx, controlplane.KindAlertChannel, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteAlertChannelResponse{}, nil
}

// view is an alert channel as its caller may see it.
func (alertChannelService) view(ctx context.Context, r *controlplane.Resource) *adminv1.AlertChannel {
	doc := config.Public(r).(*adminv1.AlertChannel)
	visibility.HideURLs(doc, caller(ctx).Role)
	doc.EffectiveDigest = durationpb.New(controlplane.Digest(doc))
	return doc
}

// TestAlertChannel sends a test message.
func (s alertChannelService) TestAlertChannel(ctx context.Context, req *adminv1.TestAlertChannelRequest) (*adminv1.TestAlertChannelResponse, error) {
	res, err := s.alerts.Test(ctx, req)
	if err != nil && req.GetAlertChannel() != nil {
		return nil, inRequest(err, req.GetAlertChannel())
	}
	return res, err
}

// ListAlertChannelDeliveries lists what was sent.
func (s alertChannelService) ListAlertChannelDeliveries(ctx context.Context, req *adminv1.ListAlertChannelDeliveriesRequest) (*adminv1.ListAlertChannelDeliveriesResponse, error) {
	channel := s.names.resource("name", controlplane.KindAlertChannel, "alert channel", req.GetName())
	err := checkNames(ctx, channel.since("deliveries", func(ctx context.Context) (bool, error) {
		past, err := s.alerts.Deliveries(ctx, alerts.Filter{Channel: req.GetName(), Limit: 1})
		return len(past) > 0, err
	}))
	if err != nil {
		return nil, err
	}
	before, err := parseDeliveryToken(req.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := int(cmp.Or(req.GetPageSize(), defaultPageSize))
	found, err := s.alerts.Deliveries(ctx, alerts.Filter{Channel: req.GetName(), State: req.GetState(), Before: before, Limit: size + 1})
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListAlertChannelDeliveriesResponse{}
	if len(found) > size {
		found = found[:size]
		res.NextPageToken = deliveryToken(found[size-1])
	}
	for _, d := range found {
		res.Deliveries = append(res.Deliveries, d.AlertDelivery)
	}
	return res, nil
}

// deliveryToken is where the page behind a delivery begins.
func deliveryToken(d alerts.Delivery) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(d.GetCreateTime().AsTime().UnixMicro(), 10) + " " + d.GetId()))
}

func parseDeliveryToken(token string) (alerts.Position, error) {
	if token == "" {
		return alerts.Position{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	at, id, ok := strings.Cut(string(raw), " ")
	us, numberErr := strconv.ParseInt(at, 10, 64)
	if err != nil || !ok || numberErr != nil || !storable(id) {
		return alerts.Position{}, errPageToken()
	}
	return alerts.Position{CreateUS: us, ID: id}, nil
}

// alertService shows what people are alerted of.
type alertService struct{ alerts Alerts }

// ListAlerts lists alerts.
func (s alertService) ListAlerts(ctx context.Context, req *adminv1.ListAlertsRequest) (*adminv1.ListAlertsResponse, error) {
	if err := checkNames(ctx, among(req, "event", req.GetEvent())); err != nil {
		return nil, err
	}
	list, firing, err := s.alerts.List(ctx, req.GetEvent(), req.GetWithResolved())
	if err != nil {
		return nil, err
	}
	return &adminv1.ListAlertsResponse{Alerts: list, FiringCount: int32(firing)}, nil
}
