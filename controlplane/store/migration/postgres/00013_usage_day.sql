-- +goose Up

-- What usage_hour has, per UTC day: questions about several properties of a month read a twenty-fourth of the rows.
CREATE TABLE usage_day (LIKE usage_hour INCLUDING ALL) WITH (fillfactor = 80);
-- The hours of before are shards of their days: readers add those up.
INSERT INTO usage_day SELECT bucket - bucket % 86400000000, group_name, provider, model, outcome, status, 8 + bucket % 86400000000 / 3600000000 * 8 + shard,
  calls, attempts, failovers, input_tokens, cached_tokens, output_tokens, cost_micro, cost_pico, duration_us, latency, first_token FROM usage_hour;
