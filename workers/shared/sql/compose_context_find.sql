select context_id from context where distro = $1 and release = $2 and stream = $3 and content_set = $4
