"""Tables and every SQL statement of survey. `lock` takes FOR UPDATE, `claim` skips what is locked, `find` may miss."""
