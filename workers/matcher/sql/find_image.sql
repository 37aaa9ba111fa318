select image_id from image where digest = $1 and kind = 'image'
