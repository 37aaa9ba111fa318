-- $1 patch $2 application $3 its image (top): which of its manifests stand on what, and on what they shall stand
select distinct on (digest) digest, base_digest, new_digest from patch_application
where patch_id = $1 and application = $2 and top = $3
order by digest, base_digest
