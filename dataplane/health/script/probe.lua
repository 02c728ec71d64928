-- KEYS: 1 record, 2 open scopes, 3 clock. ARGV: 1 the arguments as JSON.
-- The reply is what became of the question, and for how many milliseconds there is no use
-- in asking again.

local a = cjson.decode(ARGV[1])
local now = clock(a, KEYS[3])
local r = load(KEYS[1], now)
if r.open == 0 then return {'closed', 0} end
if r.token ~= '' and now < r.lease then return {'busy', r.lease - now} end
if now < r.deadline then
	if r.early == 0 then return {'open', r.deadline - now} end
	if now < r.early_at then return {'open', math.min(r.early_at, r.deadline) - now} end
	r.early_at, r.lease_early = now + a.early_every, 1
else
	r.lease_early = 0
end
r.token, r.lease = a.token, now + a.lease
save(KEYS[1], KEYS[2], a.scope, r, now)
return {'granted', 0}
