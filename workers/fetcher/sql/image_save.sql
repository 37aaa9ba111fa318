-- An image is immutable but for its state; one that is known stays as it is.
insert into image (digest, kind, media_type, artifact_type, subject, config_digest, os, architecture,
                   variant, manifest, config, chain_id, bytes, state, pending)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, digest_bytes($12), $13, $14, $15)
on conflict (digest) do nothing
returning image_id
