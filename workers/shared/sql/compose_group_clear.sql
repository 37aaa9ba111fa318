delete from image_group where image_id = $1
