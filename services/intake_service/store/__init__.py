"""Every table and SQL statement of intake: `lock` is FOR UPDATE, `find` may give None, `get` raises NotFound."""
