-- KEYS: 1 window, 2 record, 3 open scopes, 4 clock. ARGV: 1 the arguments as JSON.
-- A person says that the scope is well: what was held against it is forgotten, and failures
-- of attempts that are in flight no longer count.

local a = cjson.decode(ARGV[1])
local now = clock(a, KEYS[4])
if redis.call('EXISTS', KEYS[1], KEYS[2]) == 0 then return {now, ''} end
redis.call('DEL', KEYS[1], KEYS[2])
local r = load(KEYS[2], now)
r.closed, r.fades = now, now + a.stale_after
save(KEYS[2], KEYS[3], a.scope, r, now)
return {now, ''}
