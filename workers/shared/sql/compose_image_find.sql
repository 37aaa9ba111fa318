select image_id, state, coalesce(chain_id, '') from image where digest = $1 and kind = 'image' for update
