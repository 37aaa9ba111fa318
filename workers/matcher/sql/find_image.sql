select image_id, exists (select from image_layer l where l.image_id = image.image_id) from image where digest = $1 and kind = 'image'
