-- What the scripts share. A scope has a record (hash: how it stands and what outlives a
-- cooldown) and a window (hash: failures and successes by bucket); the hash of open scopes
-- lists the records that are open or half-open, packed, so that one call reads them all.
-- Times are milliseconds of Redis' own clock, made monotonic: no node's clock is ever compared
-- with another's, and a clock that is set back, or that of a replica that is behind, lengthens
-- no cooldown.

local numbers = {'open', 'deadline', 'fades', 'closed', 'level', 'openings', 'probe_failed',
	'early', 'early_at', 'threshold', 'lease', 'lease_early', 'doubt_until'}

-- clock reads the time, which goes on from the last one known where Redis' own was set back.
-- The key holds that last time and how far Redis' own is behind by now. It is written ten
-- times a second at most: a step costs a tenth of a second, and what passed since the last
-- call. Tests may set the time.
local function clock(a, key)
	if a.now then return a.now end
	local t = redis.call('TIME')
	local now = t[1] * 1000 + math.floor(t[2] / 1000)
	local last, behind = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
	last, behind = tonumber(last or 0), tonumber(behind or 0)
	local stepped = now + behind < last
	if stepped then behind = last - now end
	now = now + behind
	if stepped or now >= last + 100 then redis.call('SET', key, string.format('%d %d', now, behind)) end
	return now
end

-- load reads a record; what has faded is as if it had never been.
local function load(key, now)
	local r = {reason = '', token = '', doubt = ''}
	for _, k in ipairs(numbers) do r[k] = 0 end
	local h = redis.call('HGETALL', key)
	for i = 1, #h, 2 do
		if r[h[i]] ~= nil then
			if type(r[h[i]]) == 'number' then r[h[i]] = tonumber(h[i + 1]) else r[h[i]] = h[i + 1] end
		end
	end
	if r.fades > 0 and now >= r.fades then
		local doubt_until = r.doubt_until
		for _, k in ipairs(numbers) do r[k] = 0 end
		r.doubt_until = doubt_until
		r.reason, r.token, r.faded = '', '', true
	end
	return r
end

-- pack writes what other nodes need of a record; empty when it is closed.
local function pack(r)
	if r.open == 0 then return '' end
	return string.format('%d %d %d %d %d %d %d %d %s', r.deadline, r.fades, r.level, r.openings,
		r.probe_failed, r.early, r.early_at, r.threshold, r.reason)
end

-- save writes a record and the list of open scopes.
local function save(key, open, scope, r, now)
	local h = {'reason', r.reason, 'token', r.token, 'doubt', r.doubt}
	for _, k in ipairs(numbers) do
		h[#h + 1] = k
		h[#h + 1] = string.format('%d', r[k])
	end
	redis.call('HSET', key, unpack(h))
	redis.call('PEXPIRE', key, string.format('%d', math.max(r.fades, r.lease, r.doubt_until, now) - now + 60000))
	if r.open == 1 then
		redis.call('HSET', open, scope, pack(r))
	else
		redis.call('HDEL', open, scope)
	end
end
