-- $1 what $2 subject: one start less; its holder lost his session, not his life.
update patch_claim set starts = starts - 1 where what = $1 and subject = $2 and starts > 0
