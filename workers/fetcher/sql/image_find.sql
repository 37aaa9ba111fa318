select image_id, state from image where digest = $1 for update
