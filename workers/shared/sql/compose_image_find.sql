select image_id, state, coalesce(digest_text(chain_id), '') from image where digest = $1 and kind = 'image' for update
