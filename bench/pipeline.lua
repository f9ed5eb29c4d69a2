-- pipeline.lua - sixteen requests at a time, for wrk.
-- SPDX-License-Identifier: MIT
function init()
    local one = wrk.format("GET", wrk.path)
    many = string.rep(one, 16)
end

function request()
    return many
end
