select digest from image where image_id = $1
