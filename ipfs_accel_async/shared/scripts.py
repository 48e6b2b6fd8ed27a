"""Lua scripts: each is one atomic step, in the time of the server, so that clocks of processes need not agree."""

from __future__ import annotations

LEASE = """
-- KEYS[1]: the quota. ARGV: holder, lease seconds, serial of the question, then of each limit: name, capacity, units a
-- second (0: a window), window seconds, used in all, used in all as was last acknowledged, held, least, wanted.
-- Gives of each limit what is granted, then the seconds until it is worth asking again; nothing to a late question.
-- Fields of a holder: x its end, q its serial, w since when it waits, d until when its place is kept; of it and a
-- limit: l what it holds, u what it has used, n what it waits for. Of a limit: v its level, t as of when.
-- Holds for each limit: level + all that is held <= capacity, but for the debt of a call that alone is above capacity.
local GRACE, EPSILON = 0.1, 0.001
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local holder, ttl, serial = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local has, gone, dropped = {}, {}, {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do has[all[i]] = all[i + 1] end
if tonumber(has['q:' .. holder] or 0) >= serial then return {} end
for field, value in pairs(has) do
  local left = tonumber(value) - now
  if string.sub(field, 1, 2) == 'x:' and (left < 0 or left > 7200) then gone[string.sub(field, 3)] = true end
end
local held, waits, lost = {}, {}, {}
for field, value in pairs(has) do
  local kind, who, name = string.match(field, '^(%l):([^:]+):?(.*)$')
  if kind ~= 'v' and kind ~= 't' then
    if gone[who] then
      if kind == 'l' then lost[name] = (lost[name] or 0) + tonumber(value) end
      dropped[#dropped + 1] = field
    elseif who ~= holder then
      if kind == 'l' then held[name] = (held[name] or 0) + tonumber(value) end
      if kind == 'w' and tonumber(has['d:' .. who] or 0) >= now then waits[who] = tonumber(value) end
    end
  end
end
if gone[holder] then
  for _, field in ipairs(dropped) do if string.match(field, '^%l:([^:]+)') == holder then has[field] = nil end end
end
local since = tonumber(has['w:' .. holder] or now)
local limits, can, asks, wait, longest = {}, true, false, 0, ttl
for i = 4, #ARGV, 9 do
  local one = {name = ARGV[i], capacity = tonumber(ARGV[i + 1]), used = tonumber(ARGV[i + 4]), give = 0}
  local rate, window, mine = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), tonumber(ARGV[i + 6])
  one.least, one.want, one.held = tonumber(ARGV[i + 7]), tonumber(ARGV[i + 8]), mine
  local others, own = held[one.name] or 0, holder .. ':' .. one.name
  local before = tonumber(has['l:' .. own] or 0)
  local level = tonumber(has['v:' .. one.name] or one.capacity)
  local at = tonumber(has['t:' .. one.name] or now)
  local room = one.capacity - others - before
  if rate > 0 then
    level = level + math.max(math.min((now - at) * rate, room - level), 0)
    at = now
  else
    if now - at >= window then level, at = math.max(room, level), now end
    level = level + (lost[one.name] or 0)
  end
  level = level + before - (one.used - tonumber(has['u:' .. own] or ARGV[i + 5])) - mine
  one.level, one.at = math.min(level, one.capacity - others - mine), at
  local earlier, queued = 0, 0
  for who, began in pairs(waits) do
    local need = tonumber(has['n:' .. who .. ':' .. one.name] or 0)
    queued = queued + need
    if began < since or (began == since and who < holder) then earlier = earlier + need end
  end
  one.spare = one.level - queued
  if one.least > 0 then
    asks = true
    local full = math.max(one.capacity - others - mine, 0)
    local enough = one.least <= one.capacity and one.least or math.max(full, one.capacity / 2)
    local missing = enough + earlier - one.level
    if missing > EPSILON then
      can = false
      if rate > 0 then
        wait = math.max(wait, missing / rate, enough > full and 0.25 or 0)
      else
        wait = math.max(wait, others + EPSILON >= missing and 1 or at + window - now)
      end
    end
  end
  longest = math.max(longest, window, rate > 0 and one.capacity / rate or 0)
  limits[#limits + 1] = one
end
local set, out = {'x:' .. holder, now + ttl, 'q:' .. holder, serial}, {}
local place = {'w:' .. holder, 'd:' .. holder}
local waiting = asks and not can
if waiting then
  for _, pair in ipairs({{place[1], since}, {place[2], now + math.min(wait, 1) + GRACE}}) do
    set[#set + 1], set[#set + 2] = pair[1], pair[2]
  end
else
  dropped[#dropped + 1], dropped[#dropped + 2] = place[1], place[2]
end
for _, one in ipairs(limits) do
  local own = holder .. ':' .. one.name
  if asks and can then one.give = math.max(one.least, math.min(one.want, one.spare), 0) end
  if waiting then
    set[#set + 1], set[#set + 2] = 'n:' .. own, one.least
  else
    dropped[#dropped + 1] = 'n:' .. own
  end
  local kept = {{'v:' .. one.name, one.level - one.give}, {'t:' .. one.name, one.at},
    {'l:' .. own, one.held + one.give}, {'u:' .. own, one.used}}
  for _, pair in ipairs(kept) do set[#set + 1], set[#set + 2] = pair[1], pair[2] end
  out[#out + 1] = string.format('%.6f', one.give)
end
for i = 2, #set, 2 do set[i] = string.format('%.6f', set[i]) end
for i = 1, #dropped, 500 do redis.call('HDEL', KEYS[1], unpack(dropped, i, math.min(i + 499, #dropped))) end
redis.call('HSET', KEYS[1], unpack(set))
redis.call('PEXPIRE', KEYS[1], math.ceil((longest + ttl) * 2000))
out[#out + 1] = string.format('%.6f', wait)
return out
"""

SYNC = """
-- KEYS[1]: verdicts, KEYS[2]: processes. ARGV: holder, lease seconds, then of each verdict: name, seconds it holds.
-- Gives the number of processes, then of each verdict that holds: name, seconds left.
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local ttl = tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  local until_ = now + tonumber(ARGV[i + 1])
  if until_ > tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or 0) then
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%.6f', until_))
  end
end
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ttl)
redis.call('PEXPIRE', KEYS[2], math.ceil(ttl * 2000))
local out = {tostring(redis.call('ZCARD', KEYS[2]))}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local left = tonumber(all[i + 1]) - now
  if left <= 0 or left > 7200 then
    redis.call('HDEL', KEYS[1], all[i])
  else
    out[#out + 1], out[#out + 2] = all[i], string.format('%.6f', left)
  end
end
redis.call('PEXPIRE', KEYS[1], 7200000)
return out
"""

FIND = """
-- KEYS[1]: the answer. Gives it and the milliseconds that it has left.
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
"""

KEEP = """
-- KEYS[1]: the answer. ARGV: data, milliseconds, prefix of tags, tags. Data begins with its lifetime, for its age.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 4, #ARGV do
  local tag = ARGV[3] .. ARGV[i]
  redis.call('SADD', tag, KEYS[1])
  if redis.call('PTTL', tag) < tonumber(ARGV[2]) then redis.call('PEXPIRE', tag, ARGV[2]) end
end
return 1
"""

INVALIDATE = """
-- KEYS[1]: the set of a tag.
local gone = 0
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do gone = gone + redis.call('DEL', key) end
redis.call('DEL', KEYS[1])
return gone
"""

LET_GO = """
-- KEYS[1]: a flight. ARGV: its holder. Only who holds it lets it go.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

HOLD_ON = """
-- KEYS[1]: a flight. ARGV: its holder, milliseconds.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
