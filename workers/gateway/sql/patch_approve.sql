-- $1 patch $2 by $3 reason: proposed by policy "ask", taken by a person before it expires
update patch set state = 'proved', decided_by = $2, decided_at = now(), reason = coalesce($3, reason), changed_at = now()
where patch_id = $1 and state = 'proposed' and expires_at > now()
returning patch_id
