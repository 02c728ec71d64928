package server

import "github.com/trunkline-ai/trunkline/dataplane/redis"

// openRedis prepares the connection that health, limits and revocations share; nil when the
// node has none. onChange is called when Redis went or came.
func openRedis(cfg *Config, onChange func()) (*redis.Client, error) {
	if cfg.RedisURL == "" {
		return nil, nil
	}
	return redis.New(redis.Config{
		URL: cfg.RedisURL, Again: cfg.RedisURLAgain, Environment: cfg.Environment, OnChange: onChange, Logger: cfg.Logger, Metrics: cfg.Metrics,
	})
}

// redisTrouble says why Redis is not used; empty while it is, or there is none.
func (s *Server) redisTrouble() string {
	if s.redis == nil {
		return ""
	}
	return s.redis.Trouble()
}

// redisState says what Redis is to this node: off, up, down or denied.
func (s *Server) redisState() string {
	if s.redis == nil {
		return "off"
	}
	return s.redis.State()
}
