delete from blob_lease where digest = $1 and holder = $2
