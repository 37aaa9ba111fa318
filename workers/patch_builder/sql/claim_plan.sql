-- $1 what $2 the findings that are planned for: what is heard of the same ones is no reason to plan again.
update patch_claim set fixable = $2 where what = $1
